// Reads configurations character by character; what it does not know ends the reading where it stands.
#include "Toml.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tegula::tools {

static bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static bool isOfName(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

// ---- lines ----

int Toml::lineAt(size_t place) const {
  return 1 + int(std::count(text.begin(), text.begin() + long(std::min(place, text.size())), '\n'));
}

void Toml::skipBlanks() {
  while (at < text.size() && isBlank(text[at]))
    ++at;
}

/// Over blanks, comments and the ends of lines.
void Toml::skipLines() {
  for (;; ++at) {
    skipBlanks();
    if (at < text.size() && text[at] == '#')
      at = std::min(text.find('\n', at), text.size());
    if (at >= text.size() || text[at] != '\n')
      return;
  }
}

bool Toml::nextLine() {
  skipLines();
  return at < text.size();
}

std::string Toml::content() const {
  size_t end = std::min(text.find('\n', at), text.size());
  while (end > at && isBlank(text[end - 1]))
    --end;
  return text.substr(at, end - at);
}

/// Whether nothing but a comment follows on the line.
bool Toml::endsLine() {
  skipBlanks();
  return at >= text.size() || text[at] == '\n' || text[at] == '#';
}

// ---- what stands on them ----

bool Toml::readName(std::string &name) {
  skipBlanks();
  while (at < text.size() && isOfName(text[at]))
    name += text[at++];
  skipBlanks();
  return !name.empty();
}

bool Toml::readSection(std::string &name) {
  ++at;
  return readName(name) && at < text.size() && text[at++] == ']' && endsLine();
}

bool Toml::readKey(std::string &key, std::vector<Value> &values, std::string &why) {
  if (!readName(key) || at >= text.size() || text[at] != '=')
    return false;
  ++at;
  skipBlanks();
  bool isList = at < text.size() && text[at] == '[';
  return (isList ? readList(values, why) : readValue(values.emplace_back(), why)) && endsLine();
}

bool Toml::readList(std::vector<Value> &values, std::string &why) {
  ++at;
  for (;;) {
    skipLines();
    if (at < text.size() && text[at] == ']')
      break;
    if (!readValue(values.emplace_back(), why))
      return false;
    skipLines();
    if (at < text.size() && text[at] == ',')
      ++at;
    else if (at >= text.size() || text[at] != ']')
      return false;
  }
  ++at;
  return true;
}

bool Toml::readValue(Value &value, std::string &why) {
  value.isString = at < text.size() && (text[at] == '"' || text[at] == '\'');
  if (value.isString)
    return readString(value.text);
  size_t begin = at;
  while (at < text.size() && !isBlank(text[at]) && !std::strchr("\n,]#", text[at]))
    value.text += text[at++];
  if (value.text.empty() || readBare(value.text))
    return !value.text.empty();
  why = "expected a string in quotes, a number, true or false, got '" + value.text + "'";
  at = begin;
  return false;
}

bool Toml::readString(std::string &value) {
  for (char quote = text[at++]; at < text.size() && text[at] != quote;) {
    if (static_cast<unsigned char>(text[at]) < 0x20 && text[at] != '\t')
      return false;
    if (quote == '"' && text[at] == '\\') {
      if (!readEscape(value))
        return false;
      continue;
    }
    value += text[at++];
  }
  if (at >= text.size())
    return false;
  ++at;
  return true;
}

/// A character by its number, in UTF-8.
static void append(std::string &value, uint32_t point) {
  if (point < 0x80) {
    value += char(point);
    return;
  }
  int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  value += char(((0xff00 >> (more + 1)) & 0xff) | (point >> (6 * more)));
  for (int i = more - 1; i >= 0; --i)
    value += char(0x80 | (point >> (6 * i) & 0x3f));
}

/// What stands behind a backslash.
bool Toml::readEscape(std::string &value) {
  constexpr const char escaped[] = "\\\"btnfr", meant[] = "\\\"\b\t\n\f\r";
  char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  if (const char *found = kind ? std::strchr(escaped, kind) : nullptr) {
    value += meant[found - escaped];
    at += 2;
    return true;
  }
  size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  std::string number = text.substr(std::min(at + 2, text.size()), digits);
  if (digits == 0 || number.size() < digits ||
      !std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isxdigit(c); }))
    return false;
  uint32_t point = uint32_t(std::strtoul(number.c_str(), nullptr, 16));
  // 0 would end the name of a file.
  if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
    return false;
  append(value, point);
  at += 2 + digits;
  return true;
}

/// Takes out the underscores that stand between two digits; false where one stands elsewhere.
static bool joinDigits(const std::string &value, std::string &digits) {
  auto isDigit = [&](size_t place) {
    unsigned char c = place < value.size() ? static_cast<unsigned char>(value[place]) : '\0';
    return value.starts_with("0x") ? std::isxdigit(c) : std::isdigit(c);
  };
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '_')
      digits += value[i];
    else if (i == 0 || !isDigit(i - 1) || !isDigit(i + 1))
      return false;
  }
  return true;
}

/// Whether it is a number of TOML: digits on both sides of a point, and no zero in front.
static bool isDecimal(const std::string &text) {
  size_t at = 0;
  auto skipSign = [&] { at += at < text.size() && (text[at] == '+' || text[at] == '-'); };
  auto skipDigits = [&] {
    size_t begin = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])))
      ++at;
    return at - begin;
  };
  skipSign();
  bool startsWithZero = at < text.size() && text[at] == '0';
  size_t whole = skipDigits();
  bool isRight = whole == 1 || (whole > 1 && !startsWithZero);
  if (at < text.size() && text[at] == '.') {
    ++at;
    isRight = skipDigits() > 0 && isRight;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    skipSign();
    isRight = skipDigits() > 0 && isRight;
  }
  return isRight && at == text.size();
}

/// Makes a value without quotes what options read: true, false, or a number in decimal digits.
bool Toml::readBare(std::string &value) {
  if (value == "true" || value == "false")
    return true;
  std::string digits;
  if (!joinDigits(value, digits))
    return false;
  for (auto [prefix, base] : {std::pair("0x", 16), std::pair("0o", 8), std::pair("0b", 2)})
    if (digits.starts_with(prefix)) {
      uint64_t number = 0;
      const char *begin = digits.data() + 2, *end = digits.data() + digits.size();
      auto [rest, failure] =
          std::from_chars(begin, end, number, base); // refuses what needs more than 64 bits
      if (failure != std::errc() || rest != end)
        return false;
      value = std::to_string(number);
      return true;
    }
  if (!isDecimal(digits))
    return false;
  value = digits.starts_with("+") ? digits.substr(1) : digits;
  return true;
}

} // namespace tegula::tools

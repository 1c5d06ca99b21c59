// Cuts PTX text into tokens, the one place that looks at single characters.
#include "Syntax.h"

#include <cctype>

namespace tegula::runtime::emulator {
namespace {

bool isWordStart(char c) { return std::isalpha(uint8_t(c)) || c == '_' || c == '$' || c == '%' || c == '.'; }
bool isWordPart(char c) { return isWordStart(c) || std::isdigit(uint8_t(c)); }

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (skipBlanks()) {
      size_t start = at;
      Token::Kind kind = next();
      tokens.push_back({kind, text.substr(start, at - start), line});
    }
    tokens.push_back({Token::End, {}, line});
    return tokens;
  }

private:
  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : 0; }

  /// Moves to the next token; false at the end.
  bool skipBlanks() {
    while (at < text.size()) {
      if (text[at] == '\n') {
        ++line, ++at;
      } else if (std::isspace(uint8_t(text[at])) || text[at] == 0) {
        ++at;
      } else if (text.substr(at, 2) == "//") {
        at = std::min(text.find('\n', at), text.size());
      } else if (text.substr(at, 2) == "/*") {
        skipComment();
      } else {
        return true;
      }
    }
    return false;
  }

  void skipComment() {
    size_t end = text.find("*/", at + 2);
    if (end == text.npos)
      throw SyntaxError{line, "comment without end"};
    for (; at < end + 2; ++at)
      line += text[at] == '\n';
  }

  Token::Kind next() {
    char c = text[at];
    if (std::isdigit(uint8_t(c))) {
      while (isWordPart(peek()) || ((peek() == '+' || peek() == '-') && isDecimalExponent()))
        ++at;
      return Token::Number;
    }
    if (isWordStart(c)) {
      while (isWordPart(peek()) || (peek() == ':' && peek(1) == ':') ||
             (peek() == ':' && text[at - 1] == ':'))
        ++at;
      return Token::Word;
    }
    if (c == '"') {
      size_t end = text.find('"', at + 1);
      if (end == text.npos)
        throw SyntaxError{line, "string without end"};
      at = end + 1;
      return Token::Text;
    }
    ++at;
    return Token::Mark;
  }

  /// Whether a sign at this place belongs to a number such as 1.5e-3.
  bool isDecimalExponent() const {
    if (at == 0 || (text[at - 1] != 'e' && text[at - 1] != 'E'))
      return false;
    size_t start = at;
    while (start > 0 && isWordPart(text[start - 1]))
      --start;
    return text.substr(start, 2) != "0x" && text.substr(start, at - start).find('.') != text.npos;
  }

  std::string_view text;
  size_t at = 0;
  int line = 1;
};

} // namespace

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

} // namespace tegula::runtime::emulator

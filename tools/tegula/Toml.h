// What configurations need of TOML: sections, keys, and values that are strings, numbers, truth values or
// lists of them. It exists so that a line which other programs read differently is refused instead of guessed
// at.
#pragma once

#include <string>
#include <vector>

namespace tegula::tools {

/// Reads a text from its front, one section or key after the other.
class Toml {
public:
  struct Value {
    std::string text; ///< of a number in decimal digits
    bool isString = false;
  };

  explicit Toml(const std::string &text) : text(text) {}

  /// Goes to the next line that says something; false at the end.
  bool nextLine();
  int line() const { return lineAt(at); }
  /// The line at hand, without blanks around it.
  std::string content() const;
  bool atSection() const { return text[at] == '['; }

  /// Reads `[name]`; false where it is something else.
  bool readSection(std::string &name);
  /// Reads `key = value` or `key = [value, value]`, which may go on over lines; false, perhaps with a reason,
  /// where it is something else.
  bool readKey(std::string &key, std::vector<Value> &values, std::string &why);
  /// The line at which reading stopped, or `begin` where that is the end of the text.
  int lineOfError(int begin) const { return at < text.size() ? lineAt(at) : begin; }

private:
  int lineAt(size_t place) const;
  void skipBlanks();
  void skipLines();
  bool endsLine();
  bool readName(std::string &name);
  bool readList(std::vector<Value> &values, std::string &why);
  bool readValue(Value &value, std::string &why);
  bool readString(std::string &value);
  bool readEscape(std::string &value);
  bool readBare(std::string &value);

  const std::string &text;
  size_t at = 0;
};

} // namespace tegula::tools

// Parses PTX: declarations, functions and statements. It knows the language's shape and no instruction.
#include "Syntax.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <set>

namespace tegula::runtime::emulator {
namespace {

class Parser {
public:
  explicit Parser(const std::vector<Token> &tokens) : tokens(tokens) {}

  ModuleText run() {
    ModuleText module;
    while (peek().kind != Token::End)
      parseTop(module);
    return module;
  }

private:
  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  bool is(std::string_view text) const { return peek().kind != Token::Text && peek().text == text; }
  const Token &take() { return tokens[at < tokens.size() - 1 ? at++ : at]; }
  bool accept(std::string_view text) { return is(text) ? (take(), true) : false; }
  [[noreturn]] void fail(std::string text) const { throw SyntaxError{peek().line, std::move(text)}; }
  void expect(std::string_view text) {
    if (!accept(text))
      fail("expected '" + std::string(text) + "', got '" + std::string(peek().text) + "'");
  }
  std::string_view word() {
    if (peek().kind != Token::Word)
      fail("expected a name, got '" + std::string(peek().text) + "'");
    return take().text;
  }
  void skipLine() {
    int line = peek().line;
    while (peek().kind != Token::End && peek().line == line)
      take();
  }
  void skipBraces() {
    expect("{");
    for (int depth = 1; depth > 0;) {
      if (peek().kind == Token::End)
        fail("expected '}', got the end of the text");
      depth += is("{") ? 1 : is("}") ? -1 : 0;
      take();
    }
  }
  bool skipNote() {
    if (is(".version") || is(".target") || is(".address_size") || is(".file") || is(".loc")) {
      skipLine();
      return true;
    }
    if (is(".pragma")) {
      while (!accept(";"))
        take();
      return true;
    }
    return false;
  }

  /// ".target sm_90a, debug": what else stands there changes nothing here.
  void parseTarget(ModuleText &module) {
    take();
    std::string_view name = peek().text;
    if (!name.starts_with("sm_"))
      fail("expected an architecture such as sm_80, got '" + std::string(name) + "'");
    name.remove_prefix(3);
    std::from_chars(name.data(), name.data() + name.size(), module.architecture);
    skipLine();
  }

  void parseTop(ModuleText &module) {
    if (is(".target"))
      return parseTarget(module);
    if (skipNote())
      return;
    if (accept(".section")) {
      while (!is("{"))
        take();
      return skipBraces();
    }
    bool isExtern = false;
    while (is(".visible") || is(".weak") || is(".extern") || is(".common"))
      isExtern |= take().text == ".extern";
    if (is(".entry") || is(".func"))
      return parseFunction(module);
    if (is(".global") || is(".const") || is(".shared")) {
      for (Declaration &variable : parseDeclarations(take().text)) {
        variable.isExtern = isExtern;
        module.variables.push_back(std::move(variable));
      }
      return expect(";");
    }
    fail("unknown directive '" + std::string(peek().text) + "'");
  }

  void parseFunction(ModuleText &module) {
    FunctionText function;
    function.line = peek().line;
    function.isEntry = take().text == ".entry";
    if (is("("))
      function.results = parseParameters();
    function.name = word();
    if (is("("))
      function.parameters = parseParameters();
    parseLimits(function);
    if (accept(";"))
      return; // a declaration; calls find the definition by its name
    expect("{");
    for (int depth = 1; depth > 0;)
      parseStatement(function.body, depth);
    module.functions.push_back(std::move(function));
  }

  /// What stands between parameters and body: sizes of blocks matter here, hints for the assembler do not.
  void parseLimits(FunctionText &function) {
    while (!is("{") && !is(";")) {
      if (peek().kind == Token::End)
        fail("expected '{', got the end of the text");
      std::string_view word = take().text;
      if (word != ".maxntid" && word != ".reqntid")
        continue;
      std::vector<uint64_t> sizes;
      do
        sizes.push_back(integer());
      while (accept(","));
      sizes.resize(3, 1);
      if (word == ".maxntid")
        function.mostThreads = sizes[0] * sizes[1] * sizes[2];
      else
        function.requiredThreads = sizes;
    }
  }

  std::vector<Declaration> parseParameters() {
    std::vector<Declaration> result;
    expect("(");
    while (!accept(")")) {
      std::string_view space = word();
      if (space != ".param")
        fail("expected .param, got '" + std::string(space) + "'");
      result.push_back(parseDeclarations(space, true).front());
      accept(",");
    }
    return result;
  }

  static bool isType(std::string_view text) {
    static const std::set<std::string_view> types = {
        ".b8",  ".b16", ".b32", ".b64", ".b128", ".u8",  ".u16",   ".u32",  ".u64",    ".s8",
        ".s16", ".s32", ".s64", ".f16", ".f32",  ".f64", ".f16x2", ".bf16", ".bf16x2", ".pred"};
    return types.count(text);
  }

  /// What follows a state space: alignment, type, and one name or several.
  std::vector<Declaration> parseDeclarations(std::string_view space, bool onlyOne = false) {
    Declaration common;
    common.space = space;
    common.line = peek().line;
    int vector = 1;
    while (common.type.empty() || is(".ptr") || is(".align") || (onlyOne && is(".global"))) {
      if (accept(".align")) {
        common.alignment = integer();
      } else if (accept(".ptr")) {
        while (is(".global") || is(".const") || is(".shared") || is(".local") || is(".align"))
          if (take().text == ".align")
            integer();
      } else if (is(".v2") || is(".v4")) {
        vector = take().text == ".v2" ? 2 : 4;
      } else if (isType(peek().text)) {
        common.type = take().text;
      } else {
        fail("expected a type, got '" + std::string(peek().text) + "'");
      }
    }
    std::vector<Declaration> result;
    do {
      Declaration one = common;
      one.name = word();
      if (accept("<")) {
        one.count = integer();
        one.isArray = true;
        expect(">");
      }
      while (accept("[")) {
        one.isArray = true;
        if (is("]"))
          one.isOpen = true;
        else
          one.count *= integer();
        expect("]");
      }
      one.count *= vector;
      if (accept("="))
        parseInitial(one.initial);
      if (one.isOpen && !one.initial.empty())
        one.count = one.initial.size();
      result.push_back(std::move(one));
    } while (!onlyOne && accept(","));
    return result;
  }

  void parseInitial(std::vector<Operand> &values) {
    if (accept("{")) {
      while (!accept("}")) {
        parseInitial(values);
        accept(",");
      }
      return;
    }
    if (is("generic")) {
      take();
      expect("(");
      values.push_back(parseOperand());
      values.back().negated = true; // a generic address: the same number here
      expect(")");
    } else {
      values.push_back(parseOperand());
    }
    if (values.back().kind == Operand::Name) {
      values.back().negated = false;
      if (accept("+"))
        values.back().offset = int64_t(integer());
    }
  }

  void parseStatement(std::vector<Statement> &body, int &depth) {
    if (skipNote() || accept(";"))
      return;
    Statement result;
    result.line = peek().line;
    if (peek().kind == Token::End)
      fail("expected '}', got the end of the text");
    if (is("{") || is("}")) {
      bool open = take().text == "{";
      depth += open ? 1 : -1;
      result.kind = open ? Statement::Open : Statement::Close;
      if (depth > 0)
        body.push_back(result);
      return;
    }
    if (is(".reg") || is(".local") || is(".shared") || is(".param") || is(".const") || is(".global")) {
      for (Declaration &one : parseDeclarations(take().text)) {
        result.kind = Statement::Declare;
        result.declared = std::move(one);
        body.push_back(result);
      }
      return expect(";");
    }
    if (peek().kind == Token::Word && peek(1).text == ":") {
      result.word = take().text;
      take();
      result.kind = accept(".branchtargets") ? Statement::Targets : Statement::Label;
      if (result.kind == Statement::Targets)
        parseOperands(result.operands);
      body.push_back(std::move(result));
      return;
    }
    if (accept("@")) {
      result.guardNegated = accept("!");
      result.guard = word();
    }
    result.line = peek().line;
    result.word = word();
    parseOperands(result.operands);
    body.push_back(std::move(result));
  }

  void parseOperands(std::vector<Operand> &operands) {
    while (!accept(";")) {
      operands.push_back(parseOperand());
      if (accept("|")) {
        Operand pair;
        pair.kind = Operand::List;
        pair.list = {operands.back(), parseOperand()};
        operands.back() = std::move(pair);
      }
      if (!accept(",") && !is(";"))
        fail("expected ',' or ';', got '" + std::string(peek().text) + "'");
    }
  }

  Operand parseOperand() {
    Operand result;
    if (accept("!")) {
      result = parseOperand();
      result.negated = true;
    } else if (is("{") || is("(")) {
      std::string_view end = take().text == "{" ? "}" : ")";
      result.kind = Operand::List;
      while (!accept(end)) {
        result.list.push_back(parseOperand());
        if (!accept(",") && !is(end))
          fail("expected ',' or '" + std::string(end) + "', got '" + std::string(peek().text) + "'");
      }
    } else if (accept("[")) {
      result.kind = Operand::Address;
      if (peek().kind == Token::Word)
        result.name = take().text;
      while (!accept("]")) {
        bool minus = false, any = result.name.empty();
        while (is("+") || is("-"))
          minus ^= take().text == "-", any = true;
        if (!any || peek().kind != Token::Number)
          fail("expected ']', got '" + std::string(peek().text) + "'");
        int64_t offset = int64_t(integer());
        result.offset += minus ? -offset : offset;
      }
    } else if (peek().kind == Token::Word) {
      result.name = take().text;
      if (is("+") && peek(1).kind == Token::Number) {
        take();
        result.offset = int64_t(integer());
      }
    } else {
      parseNumber(result);
    }
    return result;
  }

  uint64_t integer() {
    Operand number;
    parseNumber(number);
    if (number.kind != Operand::Integer)
      fail("expected an integer");
    return number.bits;
  }

  void parseNumber(Operand &result) {
    bool minus = false;
    while (is("-") || is("+"))
      minus ^= take().text == "-";
    if (peek().kind != Token::Number)
      fail("expected an operand, got '" + std::string(peek().text) + "'");
    std::string text(peek().text);
    int base = 10;
    size_t start = 0;
    if (text.size() > 1 && text[0] == '0') {
      char c = char(text[1] | 32);
      base = c == 'x' || c == 'f' || c == 'd' ? 16 : c == 'b' ? 2 : 8;
      start = base == 8 ? 1 : 2;
      if (c == 'f' || c == 'd') {
        result.kind = Operand::Float;
        result.single = c == 'f';
      }
    }
    if (base != 16 && text.find('.') != text.npos) {
      double value = std::strtod(text.c_str(), nullptr);
      result.kind = Operand::Float;
      result.bits = std::bit_cast<uint64_t>(minus ? -value : value);
      take();
      return;
    }
    if (result.kind != Operand::Float)
      result.kind = Operand::Integer;
    if (result.kind == Operand::Integer && (text.back() == 'U' || text.back() == 'u'))
      text.pop_back();
    auto [end, code] = std::from_chars(text.data() + start, text.data() + text.size(), result.bits, base);
    if (code != std::errc() || end != text.data() + text.size())
      fail("malformed number '" + text + "'");
    if (minus && result.kind == Operand::Float)
      result.bits ^= result.single ? uint64_t(1) << 31 : uint64_t(1) << 63;
    else if (minus)
      result.bits = 0 - result.bits;
    take();
  }

  const std::vector<Token> &tokens;
  size_t at = 0;
};

} // namespace

ModuleText parseModule(const std::vector<Token> &tokens) { return Parser(tokens).run(); }

} // namespace tegula::runtime::emulator

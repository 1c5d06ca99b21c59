// PTX text as statements: what the parser hands to the decoder, with no knowledge of any instruction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::runtime::emulator {

/// Thrown while parsing and decoding; becomes the ParseError of the public interface.
struct SyntaxError {
  int line;
  std::string text;
};

struct Token {
  enum Kind : uint8_t { Word, Number, Text, Mark, End } kind;
  std::string_view text;
  int line;
};

/// Cuts text into tokens; comments and white space vanish. `::` and dots belong to the words around them.
std::vector<Token> tokenize(std::string_view text);

struct Operand {
  enum Kind : uint8_t {
    Name,    ///< register, symbol, label or `_`
    Integer, ///< bits
    Float,   ///< bits of a double, or of a float where `single`
    Address, ///< [name + offset], or [offset] where the name is empty
    List,    ///< {a, b}, (a, b), or a|b
  } kind = Name;
  std::string_view name;
  uint64_t bits = 0;
  int64_t offset = 0;
  bool negated = false, single = false;
  std::vector<Operand> list;
};

/// A declaration of one variable, in any state space, or of a family of registers.
struct Declaration {
  std::string_view space, type, name;
  uint64_t alignment = 0, count = 1; ///< elements; for registers, of the family, 0 where it is no family
  bool isArray = false, isOpen = false, isExtern = false;
  std::vector<Operand> initial; ///< flattened
  int line = 0;
};

struct Statement {
  enum Kind : uint8_t { Instruction, Label, Declare, Open, Close, Targets } kind = Instruction;
  int line = 0;
  std::string_view guard; ///< predicate, if any
  bool guardNegated = false;
  std::string_view word; ///< opcode or label
  std::vector<Operand> operands;
  Declaration declared;
};

struct FunctionText {
  std::string_view name;
  bool isEntry = false;
  uint64_t mostThreads = 0;              ///< .maxntid, 0 where it is not given
  std::vector<uint64_t> requiredThreads; ///< .reqntid: x, y, z
  int line = 0;
  std::vector<Declaration> results, parameters;
  std::vector<Statement> body;
};

struct ModuleText {
  uint32_t architecture = 0; ///< 80 for sm_80
  std::vector<Declaration> variables;
  std::vector<FunctionText> functions;
};

ModuleText parseModule(const std::vector<Token> &tokens);

} // namespace tegula::runtime::emulator

// What decoding an instruction needs: its modifiers, and its operands turned into places in the registers.
#pragma once

#include "Program.h"
#include "Syntax.h"

#include <optional>
#include <unordered_map>

namespace tegula::runtime::emulator {

enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  TF32,
  F32,
  F64,
};

std::optional<Type> typeNamed(std::string_view name);
uint32_t bytesOf(Type type);
bool isFloat(Type type);
bool isSigned(Type type);

/// A register, or a literal or address that was given one. Width 0 means a predicate.
struct Place {
  uint32_t at = Instruction::noRegister;
  uint32_t width = 0;
};

/// Names that are visible at some point of a function.
struct Names {
  struct Symbol {
    enum Kind : uint8_t { Register, Address, DynamicShared } kind;
    Place place;
    uint64_t address = 0;
    uint64_t size = 0;
    Space space = Space::Generic;
  };
  std::vector<std::unordered_map<std::string_view, Symbol>> scopes;
  const Symbol *find(std::string_view name) const;
};

class FunctionDecoder;

/// One instruction while it is decoded. Modifiers must be taken one by one: what is left over is unknown, and
/// an error.
class Decoding {
public:
  Decoding(FunctionDecoder &function, const Statement &statement);

  std::string_view name() const { return modifiers.front(); }
  bool take(std::string_view modifier);
  /// The first modifier that is a type and not taken yet.
  Type takeType();
  std::optional<Type> tryType();
  Space takeSpace();
  /// Takes everything that only hints at caching or names a memory order: execution is sequential.
  void takeMemoryHints();
  /// The position of the one of `choices` that is there, or -1.
  int takeOneOf(std::initializer_list<std::string_view> choices);
  void requireAllTaken() const;

  size_t operandCount() const { return statement.operands.size(); }
  void expectOperands(size_t least, size_t most) const;
  const Operand &operand(size_t index) const;
  bool isSink(const Operand &operand) const { return operand.kind == Operand::Name && operand.name == "_"; }

  /// A register of exactly that width.
  uint32_t target(size_t index, uint32_t width) { return target(operand(index), width); }
  uint32_t target(const Operand &operand, uint32_t width);
  /// A register of any width.
  Place anyTarget(const Operand &operand);
  uint32_t source(size_t index, Type type) { return source(operand(index), type); }
  uint32_t source(const Operand &operand, Type type);
  Place anySource(const Operand &operand, Type type);
  uint32_t predicate(const Operand &operand);
  /// A place for a result that nobody reads.
  uint32_t unusedPredicate();
  uint32_t constant(uint64_t value, uint32_t width);
  uint64_t literal(const Operand &operand) const;
  /// Sets a (the register, if any), immediate (the offset) and wideAddress for [..].
  void address(size_t index, Space space) { address(operand(index), space, out.a); }
  void address(const Operand &operand, Space space, uint32_t &base);
  /// The instruction reaches so many bytes of memory of this space at once.
  void reaches(Space space, uint32_t bytes);
  /// Appends places to the program's lists and points the instruction there.
  void useList(const std::vector<uint32_t> &entries);
  const Names::Symbol *symbol(std::string_view name) const;

  [[noreturn]] void fail(std::string text) const;

  Instruction out;
  const Statement &statement;

private:
  FunctionDecoder &function;
  std::vector<std::string_view> modifiers;
  std::vector<bool> taken;
};

/// Sets what the instruction with this opcode asks for, and its floating-point operations.
void classify(std::string_view opcode, Instruction &instruction);

using DecodeFunction = void (*)(Decoding &);
using DecodeTable = std::unordered_map<std::string_view, DecodeFunction>;

// Each family of instructions adds its names.
void addIntegerInstructions(DecodeTable &table);
void addBitInstructions(DecodeTable &table);
void addFloatInstructions(DecodeTable &table);
void addApproximateInstructions(DecodeTable &table);
void addCompareInstructions(DecodeTable &table);
void addConvertInstructions(DecodeTable &table);
void addMoveInstructions(DecodeTable &table);
void addMemoryInstructions(DecodeTable &table);
void addAtomicInstructions(DecodeTable &table);
void addAsyncInstructions(DecodeTable &table);
void addWarpInstructions(DecodeTable &table);
void addMatrixInstructions(DecodeTable &table);

/// Decodes one function: lays out its registers and memory, and appends its code to the program.
class FunctionDecoder {
public:
  struct Callee {
    uint32_t index;
    std::vector<Names::Symbol> results, parameters;
  };
  using Callees = std::unordered_map<std::string_view, Callee>;

  FunctionDecoder(Program &program, Function &function, Names &names, Callees &callees)
      : program(program), function(function), names(names), callees(callees) {}
  void run(const FunctionText &text, std::vector<std::pair<uint32_t, std::string_view>> &calls);

private:
  friend class Decoding;

  void declare(const Declaration &declaration);
  void declareRegisters(const Declaration &declaration);
  void decode(const Statement &statement);
  void decodeControl(Decoding &decoding);
  void decodeCall(Decoding &decoding);
  void decodeBarrier(Decoding &decoding);
  void copyParameters(const Statement &statement, const std::vector<Operand> &names,
                      const std::vector<Names::Symbol> &others, bool toOthers);
  void resolveLabels();

  struct Jump {
    size_t instruction; ///< whose immediate is set, or a list entry where isList
    bool isList;
    std::string_view label;
    size_t scope;
    int line;
  };
  Program &program;
  Function &function;
  Names &names;
  Callees &callees;
  std::vector<std::pair<uint32_t, std::string_view>> *calls = nullptr;
  std::unordered_map<uint64_t, uint32_t> literals[9]; ///< by width
  std::vector<size_t> scopeParents = {0}, scopeStack = {0};
  std::vector<std::unordered_map<std::string_view, uint32_t>> labels = {{}};
  std::unordered_map<std::string_view, const Statement *> targets;
  std::vector<Jump> jumps;
};

std::unique_ptr<Program> decodeModule(const ModuleText &text);

} // namespace tegula::runtime::emulator

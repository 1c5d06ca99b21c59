// Tells instructions apart by what they ask of a multiprocessor.
#include "Counters.h"
#include "Decoder.h"

#include <charconv>

namespace tegula::runtime::emulator {
namespace {

/// What an opcode is for on numbers of floating point, and else.
struct Kind {
  Work onFloats, otherwise;
};

const std::unordered_map<std::string_view, Kind> &kinds() {
  using enum Work;
  static const std::unordered_map<std::string_view, Kind> table = [] {
    std::unordered_map<std::string_view, Kind> result;
    auto add = [&](Work onFloats, Work otherwise, std::initializer_list<std::string_view> names) {
      for (std::string_view name : names)
        result[name] = {onFloats, otherwise};
    };
    add(Fma, Integer, {"fma", "mad"});
    add(Float, Integer, {"add", "sub", "mul", "min", "max", "abs", "neg", "copysign"});
    add(Special, Special, {"div", "rem", "rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"});
    add(Integer, Integer,
        {"sad", "dp4a", "and", "or", "xor", "not", "cnot", "shl", "shr", "shf", "lop3", "bfe", "bfi", "prmt",
         "popc", "clz", "bfind", "brev"});
    add(Convert, Convert, {"cvt"});
    add(Compare, Compare, {"setp", "set", "selp", "slct", "testp"});
    add(Move, Move, {"mov", "cvta", "isspacep"});
    add(Control, Control, {"bra", "brx", "call", "ret", "exit", "trap", "brkpt"});
    add(Shuffle, Shuffle, {"shfl", "vote", "match", "redux", "elect", "activemask", "movmatrix"});
    add(Barrier, Barrier, {"bar", "barrier", "membar", "fence"});
    add(Load, Load, {"ld", "ldu"});
    add(Store, Store, {"st"});
    add(LoadMatrix, LoadMatrix, {"ldmatrix"});
    add(StoreMatrix, StoreMatrix, {"stmatrix"});
    add(Atomic, Atomic, {"atom", "red"});
    add(Mma, Mma, {"mma"});
    return result;
  }();
  return table;
}

/// 2 m n k of "m16n8k16".
uint32_t matrixFlops(std::string_view shape) {
  uint32_t product = 2;
  for (const char *at = shape.data(), *end = at + shape.size(); at != end;) {
    uint32_t size = 0;
    at = std::from_chars(at + 1, end, size).ptr; // behind the letter
    product *= size;
  }
  return product;
}

} // namespace

void classify(std::string_view opcode, Instruction &instruction) {
  std::string_view name = opcode.substr(0, opcode.find('.')), shape;
  bool isFloating = false, isPair = false, isCopy = true;
  for (std::string_view rest = opcode; rest.find('.') != rest.npos;) {
    rest = rest.substr(rest.find('.') + 1);
    std::string_view word = rest.substr(0, rest.find('.'));
    if (std::optional<Type> type = typeNamed(word)) {
      isFloating |= isFloat(*type);
      isPair |= *type == Type::F16x2 || *type == Type::BF16x2;
    }
    isCopy &= word != "commit_group" && word != "wait_group" && word != "wait_all";
    if (word.starts_with("m16n8k"))
      shape = word;
  }
  if (name == "cp") {
    instruction.work = isCopy ? Work::Copy : Work::Wait;
    return;
  }
  auto found = kinds().find(name);
  if (found == kinds().end())
    return;
  Work work = instruction.work = isFloating ? found->second.onFloats : found->second.otherwise;
  if (work == Work::Mma)
    instruction.flops = uint32_t(matrixFlops(shape));
  else if (isFloating && (work == Work::Fma || work == Work::Float || work == Work::Special))
    instruction.flops = uint32_t((work == Work::Fma ? 2 : 1) * (isPair ? 2 : 1));
}

const char *nameOf(Work work) {
  static const char *const names[] = {"fma",         "mma",          "float",  "special", "integer",
                                      "convert",     "compare",      "move",   "control", "shuffle",
                                      "barrier",     "wait",         "load",   "store",   "copy",
                                      "load matrix", "store matrix", "atomic", "other"};
  return names[size_t(work)];
}

} // namespace tegula::runtime::emulator

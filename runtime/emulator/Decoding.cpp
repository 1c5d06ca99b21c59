// Modifiers and operands: turns the text of one instruction into places, widths and flags.
#include "Decoder.h"
#include "Memory.h"

#include <algorithm>
#include <bit>

namespace tegula::runtime::emulator {

std::optional<Type> typeNamed(std::string_view name) {
  static const std::unordered_map<std::string_view, Type> types = {
      {"pred", Type::Pred}, {"b8", Type::B8},         {"b16", Type::B16},     {"b32", Type::B32},
      {"b64", Type::B64},   {"u8", Type::U8},         {"u16", Type::U16},     {"u32", Type::U32},
      {"u64", Type::U64},   {"s8", Type::S8},         {"s16", Type::S16},     {"s32", Type::S32},
      {"s64", Type::S64},   {"f16", Type::F16},       {"f16x2", Type::F16x2}, {"bf16", Type::BF16},
      {"f32", Type::F32},   {"bf16x2", Type::BF16x2}, {"tf32", Type::TF32},   {"f64", Type::F64}};
  auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

uint32_t bytesOf(Type type) {
  switch (type) {
  case Type::None:
  case Type::Pred:
    return 0;
  case Type::B8:
  case Type::U8:
  case Type::S8:
    return 1;
  case Type::B16:
  case Type::U16:
  case Type::S16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::B64:
  case Type::U64:
  case Type::S64:
  case Type::F64:
    return 8;
  default:
    return 4;
  }
}

bool isFloat(Type type) { return type >= Type::F16; }
bool isSigned(Type type) { return type >= Type::S8 && type <= Type::S64; }

const Names::Symbol *Names::find(std::string_view name) const {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
    if (auto found = scope->find(name); found != scope->end())
      return &found->second;
  return nullptr;
}

Decoding::Decoding(FunctionDecoder &function, const Statement &statement)
    : statement(statement), function(function) {
  out.line = statement.line;
  std::string_view rest = statement.word;
  while (true) {
    size_t dot = rest.find('.');
    modifiers.push_back(rest.substr(0, dot));
    if (dot == rest.npos)
      break;
    rest = rest.substr(dot + 1);
  }
  taken.resize(modifiers.size());
  taken[0] = true;
  classify(statement.word, out);
  if (statement.guard.empty())
    return;
  Operand guard;
  guard.name = statement.guard;
  out.guard = predicate(guard);
  out.guardFlip = statement.guardNegated ? allLanes : 0;
}

void Decoding::fail(std::string text) const {
  throw SyntaxError{statement.line, "'" + std::string(statement.word) + "': " + text};
}

bool Decoding::take(std::string_view modifier) {
  for (size_t i = 1; i < modifiers.size(); ++i)
    if (!taken[i] && modifiers[i] == modifier) {
      taken[i] = true;
      return true;
    }
  return false;
}

std::optional<Type> Decoding::tryType() {
  for (size_t i = 1; i < modifiers.size(); ++i)
    if (!taken[i])
      if (std::optional<Type> type = typeNamed(modifiers[i])) {
        taken[i] = true;
        return type;
      }
  return std::nullopt;
}

Type Decoding::takeType() {
  std::optional<Type> type = tryType();
  if (!type)
    fail("expected a type");
  return *type;
}

int Decoding::takeOneOf(std::initializer_list<std::string_view> choices) {
  int index = 0;
  for (std::string_view choice : choices) {
    if (take(choice))
      return index;
    ++index;
  }
  return -1;
}

Space Decoding::takeSpace() {
  if (take("shared::cta"))
    return Space::Shared;
  if (take("param::entry") || take("param::func"))
    return Space::Param;
  int index = takeOneOf({"global", "shared", "local", "param", "const"});
  return index < 0 ? Space::Generic : Space(index + 1);
}

void Decoding::takeMemoryHints() {
  for (size_t i = 1; i < modifiers.size(); ++i)
    if (modifiers[i].substr(0, 4) == "L1::" || modifiers[i].substr(0, 4) == "L2::")
      taken[i] = true;
  for (std::string_view order : {"volatile", "relaxed", "acquire", "release", "acq_rel", "seq_cst"})
    out.isStrong |= take(order);
  for (std::string_view hint :
       {"weak", "cta", "cluster", "gpu", "sys", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt"})
    take(hint);
}

void Decoding::requireAllTaken() const {
  for (size_t i = 0; i < modifiers.size(); ++i)
    if (!taken[i])
      fail("unknown modifier '." + std::string(modifiers[i]) + "'");
}

void Decoding::expectOperands(size_t least, size_t most) const {
  if (operandCount() < least || operandCount() > most)
    fail("expected " + std::to_string(least) +
         (most > least ? " to " + std::to_string(most) : std::string()) + " operands, got " +
         std::to_string(operandCount()));
}

const Operand &Decoding::operand(size_t index) const {
  if (index >= operandCount())
    fail("expected more than " + std::to_string(operandCount()) + " operands");
  return statement.operands[index];
}

const Names::Symbol *Decoding::symbol(std::string_view name) const { return function.names.find(name); }

Place Decoding::anyTarget(const Operand &operand) {
  const Names::Symbol *found = operand.kind == Operand::Name ? symbol(operand.name) : nullptr;
  if (!found || found->kind != Names::Symbol::Register)
    fail("expected a register, got '" + std::string(operand.name) + "'");
  return found->place;
}

uint32_t Decoding::target(const Operand &operand, uint32_t width) {
  Place place = anyTarget(operand);
  if (place.width != width)
    fail("expected a register of " + std::to_string(width * 8) + " bits, got '" + std::string(operand.name) +
         "' of " + std::to_string(place.width * 8));
  return place.at;
}

uint64_t Decoding::literal(const Operand &operand) const {
  if (operand.kind != Operand::Integer)
    fail("expected an integer");
  return operand.bits;
}

uint32_t Decoding::constant(uint64_t value, uint32_t width) {
  width = std::max(width, 2u);
  if (width < 8)
    value &= (uint64_t(1) << (8 * width)) - 1;
  auto [entry, isNew] = function.literals[width].try_emplace(value, 0);
  if (isNew) {
    entry->second = function.function.registerBytes;
    function.function.registerBytes += width * lanesPerWarp;
    function.function.constants.push_back({entry->second, uint8_t(width), value});
  }
  return entry->second;
}

Place Decoding::anySource(const Operand &operand, Type type) {
  uint32_t width = std::max(bytesOf(type), 2u);
  if (operand.kind == Operand::Integer)
    return {constant(operand.bits, width), width};
  if (operand.kind == Operand::Float) {
    if (operand.single && width == 4)
      return {constant(operand.bits, 4), 4};
    double value =
        operand.single ? std::bit_cast<float>(uint32_t(operand.bits)) : std::bit_cast<double>(operand.bits);
    if (width == 8)
      return {constant(std::bit_cast<uint64_t>(value), 8), 8};
    if (width == 4)
      return {constant(std::bit_cast<uint32_t>(float(value)), 4), 4};
    fail("expected a 16-bit literal in hexadecimal");
  }
  if (operand.kind != Operand::Name)
    fail("expected a register or a literal");
  if (operand.name == "WARP_SZ")
    return {constant(lanesPerWarp, width), width};
  const Names::Symbol *found = symbol(operand.name);
  if (!found)
    fail("unknown name '" + std::string(operand.name) + "'");
  if (found->kind == Names::Symbol::Register)
    return found->place;
  if (width < 4)
    fail("expected a register wide enough for an address");
  if (found->kind == Names::Symbol::Address)
    return {constant(found->address + uint64_t(operand.offset), width), width};
  // The dynamic part of shared memory begins where the static part ends, which is known at the end only.
  Function &owner = function.function;
  uint32_t at = owner.registerBytes;
  owner.registerBytes += width * lanesPerWarp;
  owner.dynamicShared.push_back(uint32_t(owner.constants.size()));
  owner.constants.push_back({at, uint8_t(width), uint64_t(operand.offset)});
  return {at, width};
}

uint32_t Decoding::source(const Operand &operand, Type type) {
  if (type == Type::Pred)
    return predicate(operand);
  Place place = anySource(operand, type);
  if (place.width != std::max(bytesOf(type), 2u))
    fail("expected an operand of " + std::to_string(bytesOf(type) * 8) + " bits, got '" +
         std::string(operand.name) + "' of " + std::to_string(place.width * 8));
  return place.at;
}

uint32_t Decoding::unusedPredicate() {
  uint32_t at = function.function.registerBytes;
  function.function.registerBytes += predicateBytes;
  return at;
}

uint32_t Decoding::predicate(const Operand &operand) {
  if (operand.kind == Operand::Integer) // as in and.pred p, p, 1
    return constant(operand.bits ? allLanes : 0, 4);
  Place place = anyTarget(operand);
  if (place.width != 0)
    fail("expected a predicate, got '" + std::string(operand.name) + "'");
  return place.at;
}

void Decoding::address(const Operand &operand, Space space, uint32_t &base) {
  if (operand.kind != Operand::Address)
    fail("expected an address in brackets");
  out.space = space;
  out.immediate = operand.offset;
  if (operand.name.empty()) {
    base = constant(0, 8);
    return;
  }
  const Names::Symbol *found = symbol(operand.name);
  if (found && found->kind == Names::Symbol::Register) {
    if (found->place.width < 4)
      fail("expected an address of 32 or 64 bits");
    base = found->place.at;
    out.wideAddress = found->place.width == 8;
    return;
  }
  Operand name;
  name.name = operand.name;
  base = anySource(name, Type::U64).at;
  if (space == Space::Generic && found->space != Space::Global && found->space != Space::Const)
    out.space = found->space;
}

void Decoding::reaches(Space space, uint32_t bytes) {
  Function &limits = function.function;
  if (space == Space::Generic || space == Space::Shared)
    limits.sharedGrain = std::min(limits.sharedGrain, bytes);
  if (space == Space::Generic || space == Space::Global)
    limits.globalGrain = std::min(limits.globalGrain, bytes);
}

void Decoding::useList(const std::vector<uint32_t> &entries) {
  std::vector<uint32_t> &lists = function.program.lists;
  out.list = uint32_t(lists.size());
  lists.insert(lists.end(), entries.begin(), entries.end());
}

} // namespace tegula::runtime::emulator

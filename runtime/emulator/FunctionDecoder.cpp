// Decodes functions: places of registers and variables, labels, jumps, calls and barriers.
#include "Block.h"
#include "Decoder.h"
#include "Layout.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime::emulator {
namespace {

const DecodeTable &instructions() {
  static const DecodeTable table = [] {
    DecodeTable result;
    addIntegerInstructions(result);
    addBitInstructions(result);
    addFloatInstructions(result);
    addApproximateInstructions(result);
    addCompareInstructions(result);
    addConvertInstructions(result);
    addMoveInstructions(result);
    addMemoryInstructions(result);
    addAtomicInstructions(result);
    addAsyncInstructions(result);
    addWarpInstructions(result);
    addMatrixInstructions(result);
    return result;
  }();
  return table;
}

/// Between what a caller passes and what a function declares, for each thread.
void runCopyParameters(Warp &warp, const Instruction &in, uint32_t mask) {
  const uint32_t *list = warp.list(in);
  Memory &memory = warp.owner().memory;
  for (uint32_t i = 0; i < in.extra; ++i, list += 3)
    for (uint32_t left = mask; left; left &= left - 1) {
      uint32_t thread = warp.firstThread() + uint32_t(std::countr_zero(left));
      std::memcpy(memory.callParameter(thread, list[1]), memory.callParameter(thread, list[0]), list[2]);
    }
}

} // namespace

void FunctionDecoder::declareRegisters(const Declaration &declaration) {
  std::optional<Type> type = typeNamed(declaration.type.substr(1));
  if (!type || declaration.count > 1000000)
    throw SyntaxError{declaration.line, "unknown registers '" + std::string(declaration.type) + "'"};
  uint32_t width = *type == Type::Pred ? 0 : std::max(bytesOf(*type), 2u);
  auto add = [&](std::string_view name) {
    names.scopes.back()[name] = {Names::Symbol::Register, {function.registerBytes, width}};
    function.registerBytes += width == 0 ? predicateBytes : width * lanesPerWarp;
  };
  if (!declaration.isArray)
    return add(declaration.name);
  for (uint64_t i = 0; i < declaration.count; ++i) {
    program.names.push_back(std::string(declaration.name) + std::to_string(i));
    add(program.names.back());
  }
  function.registerBytes = roundUp(function.registerBytes, 8 * lanesPerWarp);
}

void FunctionDecoder::declare(const Declaration &declaration) {
  if (declaration.space == ".reg")
    return declareRegisters(declaration);
  Names::Symbol symbol{Names::Symbol::Address, {}};
  if (declaration.space == ".shared") {
    symbol.space = Space::Shared;
    if (declaration.isOpen)
      symbol.kind = Names::Symbol::DynamicShared;
    else
      symbol.address = placeVariable(function.sharedBytes, declaration);
  } else if (declaration.space == ".local") {
    symbol.space = Space::Local;
    symbol.address = placeVariable(function.localBytes, declaration);
  } else if (declaration.space == ".param") {
    symbol.space = Space::Param;
    symbol.size = sizeOf(declaration);
    symbol.address = Memory::callParameters + placeVariable(function.callBytes, declaration);
  } else {
    throw SyntaxError{declaration.line,
                      "expected '" + std::string(declaration.name) + "' outside of functions"};
  }
  names.scopes.back()[declaration.name] = symbol;
}

void FunctionDecoder::run(const FunctionText &text,
                          std::vector<std::pair<uint32_t, std::string_view>> &allCalls) {
  calls = &allCalls;
  function.start = uint32_t(program.code.size());
  names.scopes.emplace_back();
  if (function.isEntry) {
    for (const Declaration &parameter : text.parameters) {
      uint32_t at = placeVariable(function.parameterBytes, parameter);
      names.scopes.back()[parameter.name] = {Names::Symbol::Address, {}, at, sizeOf(parameter), Space::Param};
    }
  } else {
    Callee &callee = callees.at(text.name);
    for (size_t i = 0; i < text.results.size(); ++i)
      names.scopes.back()[text.results[i].name] = callee.results[i];
    for (size_t i = 0; i < text.parameters.size(); ++i)
      names.scopes.back()[text.parameters[i].name] = callee.parameters[i];
  }
  for (const Statement &statement : text.body)
    if (statement.kind == Statement::Targets)
      targets[statement.word] = &statement;
  for (const Statement &statement : text.body)
    decode(statement);
  Statement end;
  end.line = text.body.empty() ? text.line : text.body.back().line;
  Instruction last;
  last.kind = Kind::Return;
  last.line = end.line;
  program.code.push_back(last);
  names.scopes.pop_back();
  resolveLabels();
  for (uint32_t index : function.dynamicShared)
    function.constants[index].value += roundUp(function.sharedBytes, 16);
  if (!function.dynamicShared.empty())
    function.sharedBytes = roundUp(function.sharedBytes, 16);
}

void FunctionDecoder::decode(const Statement &statement) {
  switch (statement.kind) {
  case Statement::Open:
    names.scopes.emplace_back();
    scopeParents.push_back(scopeStack.back());
    scopeStack.push_back(scopeParents.size() - 1);
    labels.emplace_back();
    return;
  case Statement::Close:
    names.scopes.pop_back();
    scopeStack.pop_back();
    return;
  case Statement::Declare:
    return declare(statement.declared);
  case Statement::Label:
    labels[scopeStack.back()][statement.word] = uint32_t(program.code.size());
    return;
  case Statement::Targets:
    return;
  case Statement::Instruction:
    break;
  }
  Decoding decoding(*this, statement);
  auto found = instructions().find(decoding.name());
  if (found == instructions().end())
    return decodeControl(decoding);
  found->second(decoding);
  decoding.requireAllTaken();
  program.code.push_back(decoding.out);
}

void FunctionDecoder::resolveLabels() {
  for (const Jump &jump : jumps) {
    size_t scope = jump.scope;
    auto found = labels[scope].find(jump.label);
    while (found == labels[scope].end() && scope != 0) {
      scope = scopeParents[scope];
      found = labels[scope].find(jump.label);
    }
    if (found == labels[scope].end())
      throw SyntaxError{jump.line, "unknown label '" + std::string(jump.label) + "'"};
    if (jump.isList)
      program.lists[jump.instruction] = found->second;
    else
      program.code[jump.instruction].immediate = found->second;
  }
}

void FunctionDecoder::decodeControl(Decoding &decoding) {
  std::string_view name = decoding.name();
  if (name == "bar" || name == "barrier")
    return decodeBarrier(decoding);
  decoding.take("uni");
  if (name == "call")
    return decodeCall(decoding);
  Instruction &out = decoding.out;
  if (name == "bra") {
    decoding.expectOperands(1, 1);
    out.kind = Kind::Branch;
    jumps.push_back({program.code.size(), false, decoding.operand(0).name, scopeStack.back(), out.line});
  } else if (name == "brx") {
    if (!decoding.take("idx"))
      decoding.fail("expected .idx");
    decoding.expectOperands(2, 2);
    out.kind = Kind::BranchTable;
    out.a = decoding.source(0, Type::U32);
    auto table = targets.find(decoding.operand(1).name);
    if (table == targets.end())
      decoding.fail("unknown list of targets '" + std::string(decoding.operand(1).name) + "'");
    const std::vector<Operand> &list = table->second->operands;
    out.extra = uint32_t(list.size());
    decoding.useList(std::vector<uint32_t>(list.size()));
    for (size_t i = 0; i < list.size(); ++i)
      jumps.push_back({out.list + i, true, list[i].name, scopeStack.back(), out.line});
  } else if (name == "ret") {
    out.kind = Kind::Return;
  } else if (name == "exit") {
    out.kind = Kind::Exit;
  } else {
    decoding.fail("unknown instruction");
  }
  decoding.requireAllTaken();
  program.code.push_back(out);
}

void FunctionDecoder::decodeBarrier(Decoding &d) {
  d.take("cta");
  d.take("aligned"); // whole warps are wanted with and without
  if (d.take("warp")) {
    if (!d.take("sync"))
      d.fail("expected .sync");
    d.expectOperands(1, 1);
    d.out.kind = Kind::Collective;
    d.out.member = d.source(0, Type::B32);
    d.out.run = [](Warp &, const Instruction &, uint32_t) {};
    d.requireAllTaken();
    program.code.push_back(d.out);
    return;
  }
  int what = d.takeOneOf({"sync", "arrive", "red"});
  if (what < 0)
    d.fail("expected .sync, .arrive, .red or .warp");
  d.out.kind = Kind::Barrier;
  d.out.extra = uint32_t(what);
  size_t next = 0, last = d.operandCount();
  if (what == 2) {
    int reduction = d.takeOneOf({"popc", "and", "or"});
    if (reduction < 0)
      d.fail("expected .popc, .and or .or");
    d.take(reduction == 0 ? "u32" : "pred");
    d.out.extra += uint32_t(reduction);
    d.out.d = d.target(next++, reduction == 0 ? 4 : 0);
    const Operand &given = d.operand(--last);
    d.out.c = d.predicate(given);
    d.out.isSigned = given.negated;
  }
  if (next == last)
    d.fail("expected a barrier's number");
  d.out.a = d.source(next++, Type::U32);
  if (next < last)
    d.out.b = d.source(next++, Type::U32);
  d.requireAllTaken();
  program.code.push_back(d.out);
}

void FunctionDecoder::copyParameters(const Statement &statement, const std::vector<Operand> &given,
                                     const std::vector<Names::Symbol> &others, bool toOthers) {
  if (given.size() != others.size())
    throw SyntaxError{statement.line, "expected " + std::to_string(others.size()) + " parameters, got " +
                                          std::to_string(given.size())};
  Decoding copy(*this, statement);
  std::vector<uint32_t> list;
  for (size_t i = 0; i < given.size(); ++i) {
    const Names::Symbol *mine = names.find(given[i].name);
    if (!mine || mine->kind != Names::Symbol::Address || mine->space != Space::Param ||
        mine->size != others[i].size)
      throw SyntaxError{statement.line, "expected a .param variable of " + std::to_string(others[i].size) +
                                            " bytes, got '" + std::string(given[i].name) + "'"};
    uint32_t from = uint32_t(mine->address - Memory::callParameters);
    uint32_t to = uint32_t(others[i].address - Memory::callParameters);
    if (!toOthers)
      std::swap(from, to);
    list.insert(list.end(), {from, to, uint32_t(mine->size)});
  }
  copy.out.extra = uint32_t(given.size());
  copy.useList(list);
  copy.out.run = runCopyParameters;
  copy.out.work = Work::Move;
  program.code.push_back(copy.out);
}

void FunctionDecoder::decodeCall(Decoding &d) {
  size_t next = 0;
  static const std::vector<Operand> none;
  const std::vector<Operand> *results = &none, *parameters = &none;
  if (d.operand(next).kind == Operand::List)
    results = &d.operand(next++).list;
  std::string_view name = d.operand(next++).name;
  if (next < d.operandCount() && d.operand(next).kind == Operand::List)
    parameters = &d.operand(next++).list;
  auto callee = callees.find(name);
  if (callee == callees.end())
    d.fail("unknown function '" + std::string(name) + "'");
  if (next != d.operandCount())
    d.fail("calls through a register are not supported");
  d.requireAllTaken();
  copyParameters(d.statement, *parameters, callee->second.parameters, true);
  d.out.kind = Kind::Call;
  d.out.immediate = callee->second.index; // the function's start once all are decoded
  calls->push_back({uint32_t(program.code.size()), name});
  program.code.push_back(d.out);
  copyParameters(d.statement, *results, callee->second.results, false);
}

} // namespace tegula::runtime::emulator

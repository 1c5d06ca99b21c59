// A whole module: variables with their initial values, functions in an order that lets them call each other.
#include "Layout.h"
#include "Memory.h"

#include <bit>
#include <cstring>
#include <functional>
#include <set>

namespace tegula::runtime::emulator {
namespace {

/// Writes the initial values of a variable, one element each.
void fillVariable(std::byte *bytes, const Declaration &declaration, const Names &names) {
  uint32_t width = bytesOf(*typeNamed(declaration.type.substr(1)));
  bool isDouble = *typeNamed(declaration.type.substr(1)) == Type::F64;
  size_t at = 0;
  for (const Operand &value : declaration.initial) {
    uint64_t bits = value.bits;
    if (value.kind == Operand::Name) {
      const Names::Symbol *found = names.find(value.name);
      if (!found)
        throw SyntaxError{declaration.line, "unknown name '" + std::string(value.name) + "'"};
      bits = found->address + uint64_t(value.offset);
    } else if (value.kind == Operand::Float) {
      double number = value.single ? std::bit_cast<float>(uint32_t(bits)) : std::bit_cast<double>(bits);
      bits = isDouble ? std::bit_cast<uint64_t>(number) : std::bit_cast<uint32_t>(float(number));
    }
    if (at + width > sizeOf(declaration))
      throw SyntaxError{declaration.line,
                        "too many initial values for '" + std::string(declaration.name) + "'"};
    std::memcpy(bytes + at, &bits, width);
    at += width;
  }
}

class ModuleDecoder {
public:
  explicit ModuleDecoder(const ModuleText &text) : text(text), program(std::make_unique<Program>()) {}

  std::unique_ptr<Program> run() {
    program->architecture = text.architecture;
    names.scopes.emplace_back();
    addSpecialRegisters();
    addVariables();
    base.registerBytes = place(Special::Count);
    declareFunctions();
    for (const FunctionText &function : text.functions)
      if (!function.isEntry)
        decodeFunction(function, base);
    for (const FunctionText &function : text.functions)
      if (function.isEntry) {
        Function limits = base;
        decodeFunction(function, limits);
      }
    for (auto [instruction, name] : calls)
      program->code[instruction].immediate = program->functions[callees.at(name).index].start;
    refuseRecursion();
    return std::move(program);
  }

private:
  void addSpecialRegisters() {
    static const std::pair<const char *, Special> list[] = {{"%tid.x", Special::TidX},
                                                            {"%tid.y", Special::TidY},
                                                            {"%tid.z", Special::TidZ},
                                                            {"%ntid.x", Special::NtidX},
                                                            {"%ntid.y", Special::NtidY},
                                                            {"%ntid.z", Special::NtidZ},
                                                            {"%ctaid.x", Special::CtaidX},
                                                            {"%ctaid.y", Special::CtaidY},
                                                            {"%ctaid.z", Special::CtaidZ},
                                                            {"%nctaid.x", Special::NctaidX},
                                                            {"%nctaid.y", Special::NctaidY},
                                                            {"%nctaid.z", Special::NctaidZ},
                                                            {"%laneid", Special::LaneId},
                                                            {"%warpid", Special::WarpId},
                                                            {"%nwarpid", Special::NwarpId},
                                                            {"%smid", Special::SmId},
                                                            {"%nsmid", Special::NsmId},
                                                            {"%gridid", Special::GridId},
                                                            {"%lanemask_eq", Special::MaskEq},
                                                            {"%lanemask_le", Special::MaskLe},
                                                            {"%lanemask_lt", Special::MaskLt},
                                                            {"%lanemask_ge", Special::MaskGe},
                                                            {"%lanemask_gt", Special::MaskGt},
                                                            {"%dynamic_smem_size", Special::DynamicShared},
                                                            {"%total_smem_size", Special::TotalShared}};
    for (auto [name, special] : list)
      names.scopes.back()[name] = {Names::Symbol::Register, {place(special), 4}};
  }

  void addVariables() {
    for (const Declaration &declaration : text.variables) {
      Names::Symbol symbol{Names::Symbol::Address, {}};
      if (declaration.space == ".shared") {
        symbol.space = Space::Shared;
        if (declaration.isOpen && declaration.initial.empty())
          symbol.kind = Names::Symbol::DynamicShared;
        else
          continue; // placed by the functions that name it
      } else {
        symbol.space = declaration.space == ".const" ? Space::Const : Space::Global;
        symbol.address = addStorage(declaration, symbol.space == Space::Global);
      }
      names.scopes.back()[declaration.name] = symbol;
    }
    size_t next = 0;
    for (const Declaration &declaration : text.variables)
      if (declaration.space != ".shared")
        fillVariable(reinterpret_cast<std::byte *>(program->variables[next++].address), declaration, names);
  }

  uint64_t addStorage(const Declaration &declaration, bool writable) {
    uint64_t size = sizeOf(declaration);
    if (size > uint64_t(1) << 32)
      throw SyntaxError{declaration.line, "'" + std::string(declaration.name) + "' is too large"};
    constexpr uint64_t alignment = 256; // as allocations have
    program->storage.push_back(std::make_unique<std::byte[]>(size + alignment));
    uint64_t address = reinterpret_cast<uint64_t>(program->storage.back().get());
    address = (address + alignment - 1) / alignment * alignment;
    program->variables.push_back({std::string(declaration.name), address, size, writable});
    return address;
  }

  void declareFunctions() {
    for (const FunctionText &function : text.functions) {
      if (function.isEntry)
        continue;
      FunctionDecoder::Callee callee;
      auto place = [&](const std::vector<Declaration> &list, std::vector<Names::Symbol> &symbols) {
        for (const Declaration &one : list)
          symbols.push_back({Names::Symbol::Address,
                             {},
                             Memory::callParameters + placeVariable(base.callBytes, one),
                             sizeOf(one),
                             Space::Param});
      };
      place(function.results, callee.results);
      place(function.parameters, callee.parameters);
      callee.index = uint32_t(callees.size());
      if (!callees.emplace(function.name, std::move(callee)).second)
        throw SyntaxError{function.line, "'" + std::string(function.name) + "' is defined twice"};
    }
  }

  /// Decodes into memory and registers behind those of `limits`, which moves on.
  void decodeFunction(const FunctionText &text, Function &limits) {
    Function function = limits;
    function.name = text.name;
    function.isEntry = text.isEntry;
    function.mostThreads = text.mostThreads;
    function.requiredThreads = text.requiredThreads;
    names.scopes.emplace_back();
    placeShared(text, function);
    size_t firstCall = calls.size();
    FunctionDecoder(*program, function, names, callees).run(text, calls);
    names.scopes.pop_back();
    limits.sharedGrain = function.sharedGrain;
    limits.globalGrain = function.globalGrain;
    for (size_t i = firstCall; i < calls.size(); ++i)
      callGraph[text.name].insert(calls[i].second);
    limits.registerBytes = function.registerBytes;
    limits.sharedBytes = function.sharedBytes;
    limits.localBytes = function.localBytes;
    limits.callBytes = function.callBytes;
    if (function.isEntry && !program->entries.emplace(text.name, uint32_t(program->functions.size())).second)
      throw SyntaxError{text.line, "'" + std::string(text.name) + "' is defined twice"};
    program->functions.push_back(std::move(function));
  }

  /// Shared variables of the module take room only in the kernels that name them.
  void placeShared(const FunctionText &text, Function &function) {
    std::set<std::string_view> named;
    std::function<void(const Operand &)> collect = [&](const Operand &operand) {
      named.insert(operand.name);
      for (const Operand &one : operand.list)
        collect(one);
    };
    for (const Statement &statement : text.body)
      for (const Operand &operand : statement.operands)
        collect(operand);
    for (const Declaration &variable : this->text.variables)
      if (variable.space == ".shared" && !variable.isOpen && named.count(variable.name)) {
        if (!text.isEntry) // all users must agree on the place
          names.scopes.front()[variable.name] = {
              Names::Symbol::Address, {}, placeVariable(base.sharedBytes, variable), 0, Space::Shared};
        else if (!names.find(variable.name))
          names.scopes.back()[variable.name] = {
              Names::Symbol::Address, {}, placeVariable(function.sharedBytes, variable), 0, Space::Shared};
      }
    function.sharedBytes = std::max(function.sharedBytes, base.sharedBytes);
  }

  /// Each function has one set of registers, so it may not call itself.
  void refuseRecursion() {
    std::set<std::string_view> finished, open;
    std::function<void(const FunctionText &)> visit = [&](const FunctionText &function) {
      if (finished.count(function.name))
        return;
      if (!open.insert(function.name).second)
        throw SyntaxError{function.line,
                          "'" + std::string(function.name) + "' calls itself, which is not supported"};
      for (std::string_view callee : callGraph[function.name])
        for (const FunctionText &other : text.functions)
          if (other.name == callee)
            visit(other);
      open.erase(function.name);
      finished.insert(function.name);
    };
    for (const FunctionText &function : text.functions)
      visit(function);
  }

  const ModuleText &text;
  std::unique_ptr<Program> program;
  Names names;
  Function base; ///< ends of what belongs to functions, where entries begin
  FunctionDecoder::Callees callees;
  std::vector<std::pair<uint32_t, std::string_view>> calls;
  std::map<std::string_view, std::set<std::string_view>> callGraph;
};

} // namespace

std::unique_ptr<Program> decodeModule(const ModuleText &text) { return ModuleDecoder(text).run(); }

PtxModule::PtxModule(std::unique_ptr<Program> decoded) : decoded(std::move(decoded)) {}
PtxModule::~PtxModule() = default;

std::unique_ptr<PtxModule> PtxModule::parse(std::string_view text, ParseError &error) {
  try {
    std::vector<Token> tokens = tokenize(text);
    std::unique_ptr<Program> program = decodeModule(parseModule(tokens));
    program->names.clear();
    while (!text.empty()) {
      size_t end = text.find('\n');
      program->lines.emplace_back(text.substr(0, end));
      text = end == text.npos ? std::string_view() : text.substr(end + 1);
    }
    return std::unique_ptr<PtxModule>(new PtxModule(std::move(program)));
  } catch (const SyntaxError &caught) {
    error = {caught.line, caught.text};
    return nullptr;
  }
}

std::vector<std::string> PtxModule::entries() const {
  std::vector<std::string> result;
  for (const auto &[name, index] : decoded->entries)
    result.push_back(name);
  return result;
}

} // namespace tegula::runtime::emulator

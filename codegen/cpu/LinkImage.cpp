// Links the compiler's own objects into one flat image: a linker of a few relocations, because an artifact
// needs no symbol table, no dynamic loader and no linker installed on the user's machine.
#include "tegula/codegen/cpu/Codegen.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace llvm;
using namespace llvm::object;

namespace tegula::codegen::cpu {
namespace {

/// One relocatable object and where its sections went.
struct Input {
  std::unique_ptr<ELFObjectFileBase> object;
  DenseMap<uint64_t, uint64_t> placed; ///< section index -> offset in the image
};

class Linker {
public:
  explicit Linker(function_ref<bool(StringRef)> mayImport) : mayImport(mayImport) {}

  Error add(StringRef bytes) {
    auto parsed = ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, "object"));
    if (!parsed)
      return parsed.takeError();
    auto *elf = dyn_cast<ELFObjectFileBase>(parsed->get());
    if (!elf || elf->getEType() != ELF::ET_REL || elf->getEMachine() != ELF::EM_X86_64)
      return createStringError("expected a relocatable x86-64 object");
    parsed->release();
    inputs.emplace_back().object.reset(elf);
    if (Error error = placeSections(inputs.back()))
      return error;
    return defineSymbols(inputs.back());
  }

  Expected<Image> link(ArrayRef<StringRef> entries) {
    for (Input &input : inputs)
      for (const SectionRef &section : input.object->sections())
        if (Error error = relocateSection(input, section))
          return std::move(error);
    for (StringRef entry : entries) {
      auto found = defined.find(entry);
      if (found == defined.end())
        return createStringError("no object defines the entry '" + entry + "'");
      image.entries.push_back(found->second);
    }
    return std::move(image);
  }

private:
  /// Appends zeros up to the alignment and `size` bytes more; returns where these begin.
  uint64_t reserve(uint64_t size, uint64_t alignment) {
    uint64_t offset = alignTo(image.bytes.size(), std::max<uint64_t>(alignment, 1));
    image.bytes.resize(offset + size);
    return offset;
  }

  Error placeSections(Input &input) {
    for (const SectionRef &section : input.object->sections()) {
      ELFSectionRef elf(section);
      Expected<StringRef> name = section.getName();
      if (!name)
        return name.takeError();
      if (!(elf.getFlags() & ELF::SHF_ALLOC) || section.getSize() == 0 || name->starts_with(".eh_frame"))
        continue;
      if ((elf.getFlags() & (ELF::SHF_WRITE | ELF::SHF_TLS)) || elf.getType() != ELF::SHT_PROGBITS)
        return createStringError("section '" + *name + "' is neither code nor constant data");
      Expected<StringRef> contents = section.getContents();
      if (!contents)
        return contents.takeError();
      // Kernels begin on cache lines, whatever their objects ask for.
      uint64_t alignment =
          std::max<uint64_t>(section.getAlignment().value(), elf.getFlags() & ELF::SHF_EXECINSTR ? 64 : 1);
      uint64_t offset = reserve(contents->size(), alignment);
      std::copy(contents->begin(), contents->end(), image.bytes.begin() + offset);
      input.placed[section.getIndex()] = offset;
    }
    return Error::success();
  }

  /// The symbol's offset in the image, or nothing if the object does not define it.
  static Expected<std::optional<uint64_t>> offsetIn(const Input &input, const SymbolRef &symbol) {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (*flags & SymbolRef::SF_Undefined)
      return std::optional<uint64_t>();
    Expected<section_iterator> section = symbol.getSection();
    if (!section)
      return section.takeError();
    if (*section == input.object->section_end())
      return std::optional<uint64_t>();
    auto placed = input.placed.find((*section)->getIndex());
    if (placed == input.placed.end())
      return std::optional<uint64_t>();
    Expected<uint64_t> value = symbol.getValue();
    if (!value)
      return value.takeError();
    return std::optional<uint64_t>(placed->second + *value);
  }

  Error defineSymbols(Input &input) {
    for (const ELFSymbolRef symbol : input.object->symbols()) {
      if (symbol.getBinding() == ELF::STB_LOCAL)
        continue;
      Expected<StringRef> name = symbol.getName();
      if (!name)
        return name.takeError();
      Expected<std::optional<uint64_t>> offset = offsetIn(input, symbol);
      if (!offset)
        return offset.takeError();
      if (*offset && !defined.try_emplace(*name, **offset).second)
        return createStringError("two objects define '" + *name + "'");
    }
    return Error::success();
  }

  /// The slot that receives the address of an imported function.
  Expected<uint64_t> slotOf(StringRef name) {
    auto [entry, isNew] = slots.try_emplace(name, 0);
    if (!isNew)
      return entry->second;
    if (!mayImport(name))
      return createStringError("compiled code needs '" + name + "', which the runtime does not offer");
    entry->second = reserve(8, 8);
    image.imports.push_back({name.str(), entry->second});
    return entry->second;
  }

  /// A stub that jumps to an imported function: jmp *slot(%rip).
  Expected<uint64_t> stubOf(StringRef name) {
    auto [entry, isNew] = stubs.try_emplace(name, 0);
    if (!isNew)
      return entry->second;
    Expected<uint64_t> slot = slotOf(name);
    if (!slot)
      return slot.takeError();
    uint64_t stub = reserve(16, 16);
    image.bytes[stub] = 0xff;
    image.bytes[stub + 1] = 0x25;
    if (Error error = writeRelative(stub + 2, int64_t(*slot) - 4))
      return std::move(error);
    return entry->second = stub;
  }

  /// Stores `target` relative to `place` in 32 bits.
  Error writeRelative(uint64_t place, int64_t target) {
    int64_t distance = target - int64_t(place);
    if (!isInt<32>(distance))
      return createStringError("code image of more than 2 GiB");
    support::endian::write32le(&image.bytes[place], uint32_t(distance));
    return Error::success();
  }

  Error relocateSection(Input &input, const SectionRef &table) {
    Expected<section_iterator> target = table.getRelocatedSection();
    if (!target)
      return target.takeError();
    if (*target == input.object->section_end())
      return Error::success();
    auto placed = input.placed.find((*target)->getIndex());
    if (placed == input.placed.end())
      return Error::success();
    for (const ELFRelocationRef relocation : table.relocations())
      if (Error error = relocate(input, relocation, placed->second, (*target)->getSize()))
        return error;
    return Error::success();
  }

  Error relocate(Input &input, const ELFRelocationRef &relocation, uint64_t base, uint64_t size) {
    if (relocation.getSymbol() == input.object->symbol_end() || relocation.getOffset() + 4 > size)
      return createStringError("malformed relocation");
    uint64_t place = base + relocation.getOffset();
    Expected<int64_t> addend = relocation.getAddend();
    if (!addend)
      return addend.takeError();
    Expected<StringRef> name = relocation.getSymbol()->getName();
    if (!name)
      return name.takeError();
    Expected<std::optional<uint64_t>> offset = offsetIn(input, *relocation.getSymbol());
    if (!offset)
      return offset.takeError();
    if (!*offset)
      if (auto found = defined.find(*name); found != defined.end())
        *offset = found->second;

    switch (relocation.getType()) {
    case ELF::R_X86_64_PC32:
    case ELF::R_X86_64_PLT32:
      if (!*offset) {
        Expected<uint64_t> stub = stubOf(*name);
        if (!stub)
          return stub.takeError();
        *offset = *stub;
      }
      return writeRelative(place, int64_t(**offset) + *addend);
    case ELF::R_X86_64_GOTPCREL:
    case ELF::R_X86_64_GOTPCRELX:
    case ELF::R_X86_64_REX_GOTPCRELX: {
      if (!*offset) { // the import slot is the entry of the offset table
        Expected<uint64_t> slot = slotOf(*name);
        if (!slot)
          return slot.takeError();
        return writeRelative(place, int64_t(*slot) + *addend);
      }
      if (relocation.getOffset() < 2 || image.bytes[place - 2] != 0x8b)
        return createStringError("expected a load of the address of '" + *name + "'");
      image.bytes[place - 2] = 0x8d; // mov slot(%rip) becomes lea symbol(%rip)
      return writeRelative(place, int64_t(**offset) + *addend);
    }
    default:
      return createStringError("relocation of type " + Twine(relocation.getType()) + " against '" + *name +
                               "' needs an absolute address");
    }
  }

  function_ref<bool(StringRef)> mayImport;
  std::vector<Input> inputs;
  StringMap<uint64_t> defined, slots, stubs;
  Image image;
};

} // namespace

Expected<uint64_t> codeBytesOf(StringRef object) {
  auto parsed = ObjectFile::createELFObjectFile(MemoryBufferRef(object, "object"));
  if (!parsed)
    return parsed.takeError();
  uint64_t bytes = 0;
  for (const SectionRef &section : (*parsed)->sections())
    bytes += section.isText() ? section.getSize() : 0;
  return bytes;
}

Expected<Image> linkImage(ArrayRef<std::string> objects, ArrayRef<StringRef> entries,
                          function_ref<bool(StringRef)> mayImport) {
  Linker linker(mayImport);
  for (const std::string &object : objects)
    if (Error error = linker.add(object))
      return std::move(error);
  return linker.link(entries);
}

} // namespace tegula::codegen::cpu

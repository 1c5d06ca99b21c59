// Says which LLVM this build uses and what it can compile for, so that a report of a problem can name both.
#include "tegula/Tegula.h"
#include "tegula/target/Machine.h"

#include "llvm/Config/llvm-config.h"

namespace tegula {

std::string llvmVersion() { return LLVM_VERSION_STRING; }

std::string buildType() { return TEGULA_BUILD_TYPE; }

std::string gitRevision() { return TEGULA_REVISION; }

std::vector<std::string> supportedTargets() { return target::machineNames(); }

} // namespace tegula

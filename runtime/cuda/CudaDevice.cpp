// Opens a card, loads a model's PTX through the driver's compiler, and uploads its weights once.
#include "CudaDevice.h"

#include "CudaExecutor.h"

namespace tegula::runtime {
namespace cuda {

/// Notes the failure of a call; false then.
static bool good(const Driver &driver, const char *call, Result code, tgl_code as, DeviceError &error,
                 const std::string &about = "") {
  if (code == success)
    return true;
  error = {code == outOfMemory ? TGL_ERR_MEMORY : as,
           driver.explain(call, code) + (about.empty() ? "" : ", for " + about)};
  return false;
}

bool CudaDevice::open(int number, DeviceError &error) {
  auto check = [&](const char *call, Result code) {
    return good(driver, call, code, TGL_ERR_UNSUPPORTED, error);
  };
  int count = 0;
  if (!check("cuDeviceGetCount", driver.cuDeviceGetCount(&count)))
    return false;
  if (number >= count) {
    error = {TGL_ERR_UNSUPPORTED,
             "expected a card below " + std::to_string(count) + ", got " + std::to_string(number)};
    return false;
  }
  char text[128] = {};
  int major = 0, minor = 0;
  size_t total = 0;
  if (!check("cuDeviceGet", driver.cuDeviceGet(&device, number)) ||
      !check("cuDeviceGetName", driver.cuDeviceGetName(text, sizeof(text) - 1, device)) ||
      !check("cuDeviceTotalMem", driver.cuDeviceTotalMem_v2(&total, device)) ||
      !check("cuDeviceGetAttribute", driver.cuDeviceGetAttribute(&major, attributeMajor, device)) ||
      !check("cuDeviceGetAttribute", driver.cuDeviceGetAttribute(&minor, attributeMinor, device)))
    return false;
  title = text;
  capability = uint32_t(10 * major + minor);
  bytes = total;
  if (check("cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain(&context, device)))
    return true;
  context = nullptr;
  return false;
}

CudaDevice::~CudaDevice() {
  if (context)
    driver.cuDevicePrimaryCtxRelease_v2(device);
}

std::shared_ptr<DeviceModel> CudaDevice::load(const DeviceProgram &program, DeviceError &error) {
  auto model = std::make_shared<CudaModel>(shared_from_this(), program.target);
  return model->load(program, error) ? model : nullptr;
}

bool CudaModel::load(const DeviceProgram &program, DeviceError &error) {
  const Driver &driver = device->driver;
  Current current(driver, device->context);
  if (!good(driver, "cuCtxSetCurrent", current.code, TGL_ERR_UNSUPPORTED, error) ||
      !loadModule(program, error) || !findFunctions(error))
    return false;
  size_t size = program.weights.size();
  if (size == 0)
    return true;
  std::string about = "weights of " + std::to_string(size) + " bytes";
  if (!good(driver, "cuMemAlloc", driver.cuMemAlloc_v2(&memory, size), TGL_ERR_MEMORY, error, about)) {
    memory = 0;
    return false;
  }
  return good(driver, "cuMemcpyHtoD", driver.cuMemcpyHtoD_v2(memory, program.weights.data(), size),
              TGL_ERR_RUN, error, about);
}

bool CudaModel::loadModule(const DeviceProgram &program, DeviceError &error) {
  // The driver reads up to a zero byte, and says in a log what it cannot compile.
  std::string text(program.kernels.begin(), program.kernels.end());
  char log[1024] = {};
  int options[] = {jitErrorLog, jitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log) - 1)};
  Result code = device->driver.cuModuleLoadDataEx(&module, text.c_str(), 2, options, values);
  if (good(device->driver, "cuModuleLoadDataEx", code, TGL_ERR_UNSUPPORTED, error))
    return true;
  module = nullptr;
  std::string line(log);
  line = line.substr(0, line.find('\n'));
  error.text += line.empty() ? "" : ": " + line;
  return false;
}

bool CudaModel::findFunctions(DeviceError &error) {
  constexpr uint32_t sharedWithoutAsking = 48 * 1024;
  const Driver &driver = device->driver;
  for (const artifact::KernelInfo &kernel : target.kernels) {
    FunctionHandle function = nullptr;
    std::string about = "kernel '" + kernel.name + "'";
    if (!good(driver, "cuModuleGetFunction",
              driver.cuModuleGetFunction(&function, module, kernel.name.c_str()), TGL_ERR_CORRUPT, error,
              about))
      return false;
    uint32_t shared = kernel.launch.sharedBytes;
    if (shared > sharedWithoutAsking &&
        !good(driver, "cuFuncSetAttribute",
              driver.cuFuncSetAttribute(function, maxDynamicShared, int(shared)), TGL_ERR_UNSUPPORTED, error,
              about))
      return false;
    functions.push_back(function);
  }
  return true;
}

CudaModel::~CudaModel() {
  const Driver &driver = device->driver;
  Current current(driver, device->context);
  if (memory)
    driver.cuMemFree_v2(memory);
  if (module)
    driver.cuModuleUnload(module);
}

std::unique_ptr<DeviceExecutor> CudaModel::createExecutor(DeviceError &error) {
  auto executor = std::make_unique<CudaExecutor>(*this);
  return executor->start(error) ? std::move(executor) : nullptr;
}

} // namespace cuda

std::shared_ptr<Device> openCudaDevice(int number, DeviceError &error) {
  const cuda::Driver *driver = cuda::loadDriver(error);
  if (!driver)
    return nullptr;
  auto device = std::make_shared<cuda::CudaDevice>(*driver);
  return device->open(number, error) ? device : nullptr;
}

} // namespace tegula::runtime

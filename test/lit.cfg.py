"""Says how lit finds and runs tegula's tests, and what a machine must have for the tests that ask for more.

A test names what it needs by REQUIRES: a feature of this list is set only where it is really there.
  shared       a folder ../shared beside the checkout (%shared), with models, ONNX's cases and peers
  avx2         the processor runs AVX2 and FMA
  avx512       the processor runs AVX-512 as x86-64-v4 has it
  cuda         a card of NVIDIA and its driver are there
  onnxruntime  the Python environment build/venv can import it (%venv-python)
  zstd         zstd unpacks archives
  ptxas        NVIDIA's assembler is on the path or in its usual folder (%ptxas)
  clang-format clang-format of LLVM 22 is installed (%clang-format)
  browser      a browser that needs no screen (%browser)
  two-cores    more than one processor may be used
  sanitizer    the programs were built with one: timings and memory figures mean nothing
  fuzz-NAME    the fuzz target of that name is built in build/fuzz (%fuzz), which tools/fuzz NAME does
"""

import importlib.util
import os
import shutil
import subprocess
import sys

import lit.formats

if not hasattr(config, "tegula_obj_root"):
    # Started on a source file or folder: take the place of the build's own configuration.
    preset = os.environ.get("TEGULA_PRESET", "release")
    here = os.path.dirname(os.path.abspath(__file__))
    site = os.path.join(os.path.dirname(here), "build", preset, "test", "lit.site.cfg.py")
    if not os.path.exists(site):
        lit_config.fatal(f"no tests are configured in build/{preset}: run tools/test once")
    lit_config.load_config(config, site)
    raise SystemExit

source, build = config.tegula_src_root, config.tegula_obj_root
programs, tests = os.path.join(build, "bin"), os.path.join(source, "test")

config.name = "tegula"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "CMakeLists.txt"]
config.test_source_root = tests
config.test_exec_root = os.path.join(build, "test")

config.environment["PATH"] = os.pathsep.join([programs, config.llvm_tools_dir, os.environ.get("PATH", "")])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --dump-input=fail"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
if shutil.which("ccache"):  # for the plug-ins that tests build
    config.environment["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    config.environment["CCACHE_SLOPPINESS"] = "time_macros,include_file_mtime,include_file_ctime"
for name in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "CI"):
    if name in os.environ:
        config.environment[name] = os.environ[name]


def can_import(python, module):
    """True where that Python exists and has the module."""
    return os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def processor_flags():
    try:
        with open("/proc/cpuinfo") as info:
            return next((set(line.split()[2:]) for line in info if line.startswith("flags")), set())
    except OSError:
        return set()


shared = os.path.join(os.path.dirname(source), "shared")
venv_python = os.path.join(source, "build", "venv", "bin", "python")
ptxas = shutil.which("ptxas") or next((p for p in ["/usr/local/cuda/bin/ptxas"] if os.path.exists(p)), None)
clang_format = shutil.which("clang-format-22") or shutil.which("clang-format", path=config.llvm_tools_dir)
browser = next((name for name in ("chromium-headless-shell", "chromium", "google-chrome") if shutil.which(name)), None)
flags = processor_flags()
present = {
    "shared": os.path.isdir(shared),
    "avx2": {"avx2", "fma"} <= flags,
    "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512dq"} <= flags,
    "onnxruntime": can_import(venv_python, "onnxruntime"),
    "ptxas": ptxas is not None,
    "clang-format": clang_format is not None,
    "cuda": os.path.exists("/dev/nvidiactl") and os.path.exists("/dev/nvidia0"),
    "zstd": shutil.which("zstd") is not None,
    "browser": browser is not None,
    "two-cores": len(os.sched_getaffinity(0)) > 1,
    "sanitizer": "-fsanitize" in config.tegula_cxx_flags,
}
fuzz = os.path.join(source, "build", "fuzz", "bin")
for name in ("importer", "artifact", "npz", "sched"):
    present[f"fuzz-{name}"] = os.path.exists(os.path.join(fuzz, f"fuzz-{name}"))
for feature, there in present.items():
    if there:
        config.available_features.add(feature)

config.substitutions += [
    ("%shared", shared),
    ("%source", source),
    ("%build", build),
    ("%preset", os.path.basename(build)),
    ("%refuse", f"{sys.executable} {tests}/bad-input/Inputs/refuse.py" + (" --sanitized" if present["sanitizer"] else "")),
    ("%examples", os.path.join(source, "examples")),
    ("%venv-python", venv_python),
    ("%python", sys.executable),
    ("%cxx", config.tegula_cxx),
    ("%cc", config.tegula_cc),
    ("%clang-format", clang_format or "clang-format"),
    ("%ptxas", ptxas or "ptxas"),
    ("%browser", f"{browser} --headless --no-sandbox --disable-gpu --dump-dom"),
    ("%fuzz", fuzz),
    ("%generator", "'Unix Makefiles'" if shutil.which("make") else "Ninja"),
    ("%mlir-include", os.path.join(os.path.dirname(config.llvm_tools_dir), "include")),
    ("%fake-cuda", os.path.join(build, "test", "unit", "cuda", "libTegulaFakeCuda.so")),
]
# A program that is not built yet must fail loudly, never fall back to another one of the same name on the path.
for program in ("tegula-lsp-server", "tegula-opt", "tegula-run", "tegula-equiv", "tegula-conformance", "tegula"):
    config.substitutions.append((rf"(?<![\w./%-]){program}(?![\w./-])", os.path.join(programs, program)))
for tool in ("lit", "FileCheck", "not", "count", "split-file"):
    config.substitutions.append((rf"(?<![\w./%-]){tool}(?![\w./-])", os.path.join(config.llvm_tools_dir, tool)))

if importlib.util.find_spec("psutil"):  # lit needs it to end a test that hangs
    lit_config.maxIndividualTestTime = int(os.environ.get("TEGULA_TEST_SECONDS", "600"))

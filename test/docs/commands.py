"""Runs what documentation tells people to type: the ```sh blocks of a page, one after the other in a folder of their own, stopping at the
first command that fails. At hand are the programs, digits.onnx, and the folders of examples/; a block that needs ../shared is skipped
where there is none, and says so.

    commands.py BUILD FOLDER PAGE...     exit code 1 where a command failed or no page had a block
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


def prepare(folder):
    """An empty folder with what pages take for granted."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for example in (ROOT / "examples").iterdir():
        shutil.copytree(example, folder / example.name)
    shutil.copy(ROOT / "examples" / "digits" / "digits.onnx", folder)


def run_page(page, build, folder):
    """-> (blocks run, whether all succeeded)"""
    blocks = BLOCK.findall(page.read_text())
    if not blocks:
        return 0, True
    prepare(folder)
    name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name
    path = os.pathsep.join([str(build / "bin"), "/usr/lib/llvm-22/bin", os.environ.get("PATH", "")])
    environment = dict(os.environ, PATH=path, TEGULA_BUILD=str(build))
    ran = 0
    for number, block in enumerate(blocks, 1):
        if "../shared" in block and not (ROOT.parent / "shared").is_dir():
            print(f"{name}: block {number} skipped: it needs ../shared")
            continue
        script = block.replace("../shared", str(ROOT.parent / "shared"))
        done = subprocess.run(["bash", "-euo", "pipefail", "-xc", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ran += 1
        if done.returncode:
            print(f"{name}: block {number} ended with exit code {done.returncode}:\n{done.stdout}")
            return ran, False
    print(f"{name}: {ran} blocks ran")
    return ran, True


def main():
    build, folder = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    results = [run_page(pathlib.Path(page).resolve(), build, folder) for page in sys.argv[3:]]
    if not sum(ran for ran, _ in results):
        sys.exit("no block ran")
    sys.exit(0 if all(good for _, good in results) else 1)


main()

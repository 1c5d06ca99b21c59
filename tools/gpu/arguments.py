"""The command line of gpu-suite: what each verb may be told."""
import argparse
import os


def root():
    """The folder that holds gpu-suite: tools/ of a checkout, or what prepare wrote."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    parser = argparse.ArgumentParser(prog="gpu-suite", description="Measures compiled models on a card against cuBLAS, cuDNN and torch.compile.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    prepare = verbs.add_parser("prepare", help="compile everything into a folder of at most 40 MB")
    prepare.add_argument("folder", metavar="DIR")
    prepare.add_argument("--only", default="", metavar="REGEX", help="only cases whose name matches")
    prepare.add_argument("--targets", default="sm_80,sm_90", metavar="LIST", help="architectures (sm_80,sm_90)")
    prepare.add_argument("--build", default=os.path.join(root(), "..", "build", "release"), metavar="DIR", help="where the programs are built")
    prepare.add_argument("--networks", default=os.path.join(root(), "..", "..", "shared", "models", "make_models.py"), metavar="SCRIPT",
                         help="writes networks: SCRIPT NAME -o FILE")
    prepare.add_argument("--python", default=os.path.join(root(), "..", "build", "venv", "bin", "python"), metavar="FILE", help="runs it")
    run = verbs.add_parser("run", help="measure on a card")
    run.add_argument("folder", metavar="DIR")
    run.add_argument("--out", required=True, metavar="OUT", help="receives results.json and table.md")
    run.add_argument("--part", default="", metavar="NAME", help="only one part, as --dry-run lists them")
    run.add_argument("--only", default="", metavar="REGEX", help="only cases whose name matches")
    run.add_argument("--device", default="cuda:0", metavar="NAME", help="where artifacts run (cuda:0)")
    run.add_argument("--seconds", type=float, default=2, metavar="S", help="of measuring a case (2)")
    run.add_argument("--dry-run", action="store_true", help="list what would be done")
    chosen = parser.parse_args()
    if chosen.verb == "prepare":
        import preparing
        return preparing.prepare(chosen)
    import running
    return running.run(chosen)

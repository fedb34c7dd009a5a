"""The command line: ``python -m dev.cluster up|down|status|images|kubectl|binaries``."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from dev.cluster import binaries, images, lifecycle
from dev.cluster.errors import ClusterError
from dev.cluster.state import Cluster, open_cluster


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say and give the exit code."""
    told, rest = _split(arguments)
    options = _parser().parse_args(told)
    try:
        if options.command == "binaries":
            for path in binaries.ensure(options.names or binaries.RECIPES, tell=_to_stderr).values():
                print(path)
            return 0
        if options.command in {"up", "down"}:
            lifecycle.check_possible()
        cluster = open_cluster(options.name, port_base=options.port_base)
        return _do(options, cluster, rest)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _do(options: argparse.Namespace, cluster: Cluster, rest: Sequence[str]) -> int:
    match options.command:
        case "up":
            lifecycle.up(cluster)
        case "down":
            lifecycle.down(cluster)
        case "status":
            _print_status(cluster, options.output)
        case "images":
            _images(cluster, options)
        case "kubectl":
            _kubectl(cluster, rest)
    return 0


def _print_status(cluster: Cluster, output: str) -> None:
    found = lifecycle.status(cluster)
    if output == "json":
        print(lifecycle.as_json(found))
        return
    print(f"{found['name']}: {'running' if found['running'] else 'not running'}")
    for component in found["components"]:
        print(f"  {component['name']:24} {component['pid'] or 'not running'}")
    for field in ("kubeconfig", "apiServer", "ingress", "http", "emulator", "caFile", "auditLog"):
        print(f"{field}: {found[field]}")


def _images(cluster: Cluster, options: argparse.Namespace) -> None:
    with redirect_stdout(sys.stderr):
        if options.archive:
            references = images.export(options.archive)
        else:
            references = images.ensure(images.running_cluster(cluster))
            if images.running_cluster(cluster) is None:
                print(f"{cluster.name} does not run: the images were named, not imported")
    if options.output == "json":
        print(lifecycle.as_json(references))
    else:
        print("\n".join(references.values()))


def _kubectl(cluster: Cluster, arguments: Sequence[str]) -> None:
    if not cluster.kubeconfig.exists():
        raise ClusterError(f"{cluster.name} is not there: bring it up first (python -m dev.cluster up)")
    program = binaries.ensure(["kubectl"], tell=_to_stderr)["kubectl"]
    os.execv(program, ["kubectl", f"--kubeconfig={cluster.kubeconfig}", *arguments])


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part our own arguments from those behind ``--``, which go to kubectl."""
    own = list(arguments)
    if "--" not in own:
        return own, []
    at = own.index("--")
    return own[:at], own[at + 1 :]


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description=sys.modules["dev.cluster"].__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "up": "make the cluster run; changes nothing on a running one",
        "down": "stop it and remove all of it, data too",
        "status": "what runs and where it is reached",
        "images": "build the images of our own programs and import them",
        "kubectl": "run kubectl on it: kubectl -- get pods",
    }.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--name", default="switchboard", help="which cluster (default: %(default)s)")
        command.add_argument("--port-base", type=int, help="its first of four ports on 127.0.0.1")
        if name in {"status", "images"}:
            command.add_argument("--output", choices=["text", "json"], default="text")
        if name == "images":
            command.add_argument("--archive", type=Path, metavar="FOLDER", help="write archives, import nothing")
    build = commands.add_parser("binaries", help="build programs if need be and print their paths")
    build.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(binaries.RECIPES)}")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

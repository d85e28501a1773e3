"""Verb build: configures and compiles with one of the presets of CMakePresets.json."""

import argparse
import hashlib
import subprocess
import time
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, say, step
from devkit.layout import ROOT, compile_jobs

SUMMARY = "compile everything (release; --asan, --tsan), or only the targets named"
DIRECTORIES = {"release": ROOT / "build", "asan": ROOT / "build-asan", "tsan": ROOT / "build-tsan"}


def add_preset_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--asan", dest="preset", action="store_const", const="asan",
                       help="with AddressSanitizer and UBSan, in build-asan/")
    group.add_argument("--tsan", dest="preset", action="store_const", const="tsan",
                       help="with ThreadSanitizer, in build-tsan/")
    parser.set_defaults(preset="release")


def configure(preset: str) -> None:
    """Runs CMake when the build directory is new or the preset or its variables changed."""
    directory = DIRECTORIES[preset]
    if not (ROOT / "CMakeLists.txt").exists():
        raise Failure(f"{ROOT} has no CMakeLists.txt to build from.")
    googleapis = artifacts.googleapis().path
    if not googleapis.is_dir():
        raise Failure("the google protos are missing; run tools/dev setup first.")
    command = ["cmake", "--preset", preset, f"-DLOTURA_GOOGLEAPIS_DIR={googleapis}"]
    recipe = " ".join(command).encode() + (ROOT / "CMakePresets.json").read_bytes()
    digest = hashlib.sha256(recipe).hexdigest()
    stamp = directory / ".configured"
    if (directory / "build.ninja").exists() and stamp.exists() and stamp.read_text() == digest:
        return
    step(f"Configuring preset {preset}")
    subprocess.run(command, cwd=ROOT, check=True)
    stamp.write_text(digest)


def build(preset: str, targets: list[str]) -> Path:
    """Compiles and returns the build directory."""
    configure(preset)
    jobs = compile_jobs()
    step(f"Building preset {preset} with {jobs} job{'s' if jobs > 1 else ''}: "
         + (" ".join(targets) or "everything"))
    command = ["cmake", "--build", "--preset", preset, "--parallel", str(jobs)]
    if targets:
        command += ["--target", *targets]
    subprocess.run(command, cwd=ROOT, check=True)
    return DIRECTORIES[preset]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev build", description=SUMMARY)
    add_preset_options(parser)
    parser.add_argument("target", nargs="*", help="CMake targets; everything if none is named")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    directory = build(options.preset, options.target)
    say(f"built in {directory} ({time.monotonic() - begin:.1f} s)")
    return 0

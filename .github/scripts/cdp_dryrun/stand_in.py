#!/usr/bin/env python3
"""Stands in for a program that needs a cloud: records the call, answers as it was told, and fails when it was told to.

Runs under the program's name. CDP_CALLS: file of calls, a line of JSON each. CDP_ANSWERS: JSON file, see answers.py.
CDP_FAIL_AT: number of the call, from 0, that fails. CDP_REAL: folder with the real programs, for what needs no cloud.
"""

import json
import os
import sys

REAL = {"helm": (["dependency"], ["package"]), "terraform": (["fmt"],)}


def main() -> int:
    name, given = os.path.basename(sys.argv[0]), sys.argv[1:]
    calls = os.environ["CDP_CALLS"]
    with open(calls, "a+", encoding="utf-8") as file:
        file.seek(0)
        number = sum(1 for _ in file)
        file.write(json.dumps({"tool": name, "words": given, "folder": os.getcwd()}) + "\n")
    if number == int(os.environ.get("CDP_FAIL_AT") or -1):
        print(f"ERROR: planted failure of {name}", file=sys.stderr)
        return 1
    real = os.path.join(os.environ.get("CDP_REAL", "/nowhere"), name)
    if any(given[: len(start)] == start for start in REAL.get(name, ())) and os.path.exists(real):
        os.execv(real, [real, *given])
    return answer(name, given, calls)


def answer(name: str, given: list[str], calls: str) -> int:
    """The first answer that fits; the n-th of its `turns` where it has some."""
    line = " ".join([name, *given, "in:" + os.path.basename(os.getcwd())])
    for word in given:
        if word.startswith("-out="):
            open(word[5:], "w", encoding="utf-8").close()
    with open(os.environ["CDP_ANSWERS"], encoding="utf-8") as file:
        answers = json.load(file)
    for number, one in enumerate(answers):
        if all(sign in line for sign in one["signs"]):
            told = one["turns"][min(turn(calls, number), len(one["turns"]) - 1)] if "turns" in one else one
            out = told.get("out", "")
            sys.stdout.write(out if isinstance(out, str) else json.dumps(out))
            sys.stderr.write(told.get("err", ""))
            return int(told.get("code", 0))
    return 0


def turn(calls: str, number: int) -> int:
    """How often this answer was given before."""
    path = f"{calls}.turn-{number}"
    with open(path, "a+", encoding="utf-8") as file:
        file.seek(0)
        before = len(file.read())
        file.write("x")
    return before


if __name__ == "__main__":
    sys.exit(main())

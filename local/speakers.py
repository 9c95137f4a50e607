"""Keep people's voices in a store, and ask who is speaking.

STORE is one file. It belongs to the system that made its embeddings, and every change
stands in its journal: the last one can be undone.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.speakers.recogniser import Recogniser
    from utils.speakers.store import SpeakerStore


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--system", default="", help="in models/, or a folder")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    parser.add_argument(
        "--channel", type=int, help="of each file, from 0; else the mean of all"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, help: str, *arguments: str) -> argparse.ArgumentParser:
        own = verbs.add_parser(name, help=help)
        own.add_argument("store", type=Path)
        for argument in arguments:
            own.add_argument(argument, nargs="+" if argument == "files" else None)
        return own

    enrol = verb("enrol", "somebody new; makes the store", "name", "files")
    enrol.add_argument("--consent", default="", help="note of what they agreed to")
    add = verb("add", "more recordings of somebody", "name", "files")
    for own in (enrol, add):
        own.add_argument("--label", default="", help="channel, device or session")
        own.add_argument(
            "--skip-bad", action="store_true", help="leave files out that are of no use"
        )
    check = verb("verify", "is it this person?", "name", "file")
    update = verb("update", "take a confident match in", "name", "file")
    for own in (check, update):
        own.add_argument("--far", type=float, default=0.01, help="false-alarm rate")
    identify = verb("identify", "whose voice is it?", "file")
    identify.add_argument("--fpir", type=float, default=0.01, help="strangers accepted")
    identify.add_argument("--closed-set", action="store_true", help="no strangers come")
    identify.add_argument("--top", type=int, default=3, help="people to list")
    verb("rename", "another name", "name", "new_name")
    verb("remove", "take somebody out; can be undone", "name")
    verb("forget", "delete somebody for good, and their history", "name")
    verb("list", "everybody")
    verb("show", "somebody's recordings", "name")
    verb("history", "the journal").add_argument("name", nargs="?", default="")
    verb("undo", "take the last change back")
    verb("export", "the store as JSON", "file")
    verb("import", "people from such a file", "file")
    parser.epilog = "".join(own.format_usage() for own in verbs.choices.values())
    return parser.parse_args()


def main() -> None:
    """Do what the verb says."""
    args = parse_arguments()
    answer = with_system(args) if args.verb in HEARING else without_system(args)
    if answer:
        print(answer)


HEARING = "enrol", "add", "verify", "update", "identify"


def with_system(args: argparse.Namespace) -> str:
    """Do what needs to hear recordings; returns what to say."""
    from local.setup.systems import open_recogniser
    from utils.speakers.updates import UpdatePolicy

    is_new = args.verb == "enrol" and not args.store.exists()
    opened = open_recogniser(args.store, args.system, args.trust, is_new)
    recogniser = replace(opened, channel=args.channel)
    if args.verb == "enrol":
        return enrol(recogniser, args, is_new)
    if args.verb == "add":
        n_added = recogniser.add(args.name, args.files, args.label, args.skip_bad)
        return f"{args.name}: {n_added} recordings added"
    if args.verb == "update":
        return recogniser.update(args.name, args.file, args.far, UpdatePolicy())
    if args.verb == "verify":
        return tell_verified(recogniser, args.name, args.file, args.far)
    found = recogniser.identify(
        args.file, None if args.closed_set else args.fpir, args.top
    )
    matches = [f"  {match.name}: {match.llr:.2f}" for match in found.matches]
    return "\n".join([found.text, *matches])


def enrol(recogniser: Recogniser, args: argparse.Namespace, is_new: bool) -> str:
    """Take somebody new in; a store made for somebody who was refused goes."""
    from utils.speakers.schema import discard

    try:
        n_enrolled = recogniser.enrol(
            args.name, args.files, args.label, args.consent, args.skip_bad
        )
    except BaseException:
        is_empty = is_new and not recogniser.store.history()
        recogniser.store.close()
        if is_empty:
            discard(args.store)
        raise
    return f"{args.name}: {n_enrolled} recordings enrolled"


def tell_verified(recogniser: Recogniser, name: str, file: str, far: float) -> str:
    """Say whether it is the person."""
    found = recogniser.verify(name, file, far)
    if found.decision is None:
        return f"{name}: score {found.llr:.4f}; no threshold was measured"
    is_other = "not " if found.decision == "different" else ""
    needs = f"LLR {found.llr:.2f}, needs {found.threshold:.2f} for FAR {far:g}"
    return f"{is_other}{name}: {needs}"


def without_system(args: argparse.Namespace) -> str:
    """Do what concerns the store alone; returns what to say."""
    from utils.speakers.store import SpeakerStore

    store = SpeakerStore(args.store)
    if args.verb == "list":
        people = store.people()
        lines = [f"{own.name}: {len(own.exemplars)} recordings" for own in people]
        return "\n".join(lines) or "nobody is enrolled"
    if args.verb == "show":
        return show(store, args.name)
    if args.verb == "history":
        return "\n".join("  ".join(change) for change in store.history(args.name))
    if args.verb == "undo":
        return "undone: " + "  ".join(store.undo())
    if args.verb in ("export", "import"):
        return exchange(store, args.verb, Path(args.file))
    if args.verb == "rename":
        store.rename(args.name, args.new_name)
        return f"{args.name} is now {args.new_name}"
    if args.verb == "remove":
        store.remove(args.name)
        return f"{args.name} is removed; `undo` brings them back, `forget` deletes them"
    return f"{args.name}: {store.forget(args.name)} recordings deleted for good"


def show(store: SpeakerStore, name: str) -> str:
    """List somebody's recordings."""
    person = store.person(name)
    lines = [f"{person.name}; consent: {person.consent or 'no note'}"]
    for own in person.exemplars:
        label = f" [{own.label}]" if own.label else ""
        lines.append(
            f"  {own.time} {own.kind}{label} {own.speech_s:.1f} s {own.source}"
        )
    return "\n".join(lines)


def exchange(store: SpeakerStore, verb: str, path: Path) -> str:
    """Write the store to a file, or take a file's people in."""
    from utils.speakers.exchange import read_people, write_people

    if verb == "export":
        people = store.people()
        write_people(path, people, store.model_sha256)
        return f"{len(people)} people: {path}"
    people = read_people(path, store.model_sha256)
    taken = {own.name for own in store.people()} & {own.name for own in people}
    if taken:
        raise UserError(f"{path}: {sorted(taken)[0]!r} is in the store already; rename")
    for person in people:
        store.enrol(person.name, person.exemplars, person.consent)
    return f"{len(people)} people taken in from {path}"


if __name__ == "__main__":
    run_program(main)

"""The command ``marey``: whole studies, and a look at what is live on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from marey.errors import BackendError

__all__ = ["main"]

MISUSE, FAILED, INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Parameters
    ----------
    arguments
        The words after ``marey``; by default those of the command line.

    Returns
    -------
    int
        The exit status: 0 done, 1 a check failed, 2 wrong use or something missing (one line on standard error says
        what), 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        print(f"\nmarey: interrupted{options.when_interrupted}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (BackendError, ValueError, OSError) as error:
        if options.traceback:
            raise
        print(f"marey: {_told(error)}", file=sys.stderr)
        return MISUSE


def _told(error: Exception) -> str:
    """In one line, without the number of a system's error."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and where to read on."""
        self.exit(MISUSE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("--traceback", action="store_true", help="show where an error arose, for a report of a bug")
    parser = _Parser(prog="marey", description="A native compute engine for health time series.", allow_abbrev=False)
    parser.add_argument("--version", action=_Version, help="print the version and leave")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    study = commands.add_parser("study", help="run a whole study, from raw records to a report")
    studies = study.add_subparsers(title="studies", metavar="STUDY", required=True)
    _add_p12(studies, common)
    _add_activity(commands, common)
    _add_ecg(commands, common)

    for name, function, help_text in (
        ("verify", _verify, "check every operation against its reference on this machine"),
        ("doctor", _doctor, "print which kernels, libraries and devices are live"),
    ):
        command = commands.add_parser(name, parents=[common], help=help_text, description=help_text.capitalize() + ".")
        command.set_defaults(command=function, when_interrupted="")
    return parser


def _add_p12(studies: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    p12 = studies.add_parser(
        "p12",
        parents=[common],
        allow_abbrev=False,
        help="in-hospital death from the first 48 hours of intensive care",
        description="Reads the stays of the PhysioNet/CinC Challenge 2012, trains a model on them event by event, "
        "tests it beside logistic regression and gradient boosting, replays every test stay as a stream, and writes "
        "report.html and report.json.",
        epilog="Without --data the stays come from $MAREY_DATA, else from the cache, else from physionet.org (13 MB, "
        "once). Without a network the stays are made by a random generator, and the report says so.",
    )
    p12.set_defaults(command=_study_p12, when_interrupted="; the same command with --resume continues")
    data = p12.add_argument_group("data")
    data.add_argument(
        "--data",
        metavar="DIR",
        help="folder with set-a.tar.gz, set-b.tar.gz and their Outcomes files, or with the folder physionet2012 "
        "that has them; 'synthetic' for made stays",
    )
    data.add_argument("--train", choices="abc", default="a", help="set to learn from (default: a)")
    data.add_argument("--test", choices="abc", default="b", help="set to test on (default: b)")
    model = p12.add_argument_group("model")
    model.add_argument(
        "--model",
        type=_models,
        default=("event",),
        metavar="NAME",
        help="event, grud (GRU-D), ssm (selective state space) or s5 (default: event); several, as event,grud, are run "
        "one after another below --out and compared in compare.html",
    )
    model.add_argument("--epochs", type=_at_least(1), metavar="N", help="passes over the training stays")
    model.add_argument("--seed", type=_at_least(0), default=0, metavar="N", help="of every random draw (default: 0)")
    model.add_argument(
        "--search",
        type=_seconds,
        metavar="TIME",
        help="search this long (60s, 5m) for smaller models that need fewer laboratory draws",
    )
    model.add_argument(
        "--exposure",
        metavar="VARIABLE",
        help="of the matched comparison: stays with it in the first 24 hours beside those without (default: MechVent)",
    )
    machine = p12.add_argument_group("machine")
    machine.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    machine.add_argument("--threads", type=_at_least(1), metavar="N", help="processor threads (default: all cores)")
    run = p12.add_argument_group("run")
    run.add_argument("--out", type=Path, default=Path("run"), metavar="DIR", help="where results go (default: run)")
    run.add_argument("--resume", action="store_true", help="continue a run that was interrupted in --out")


def _add_picture(command: _Parser, default: str) -> None:
    command.add_argument("--picture", type=Path, metavar="FILE", help=f"where to draw (default: {default} here)")
    command.add_argument("--no-picture", action="store_true", help="draw nothing")


def _add_ecg(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    ecg = commands.add_parser(
        "ecg",
        parents=[common],
        allow_abbrev=False,
        help="beats, their waves and heart-rate variability of a WFDB record",
        description="Finds the beats of one lead and their P, QRS and T waves, compares the beats with the record's "
        "reference annotations where it has some, tells their variability, whole and by windows, and draws all of it.",
    )
    ecg.set_defaults(command=_ecg, when_interrupted="")
    ecg.add_argument("record", metavar="RECORD", help="with or without .hea, as mitdb/100; its files lie beside it")
    ecg.add_argument(
        "--lead", metavar="NAME", help="signal to examine (default: the first lead of an electrocardiogram)"
    )
    ecg.add_argument("--annotator", default="atr", metavar="NAME", help="ending of the annotation file (default: atr)")
    ecg.add_argument("--window", type=_seconds, default=300.0, metavar="TIME", help="length of windows (default: 5m)")
    ecg.add_argument("--at", type=_seconds, metavar="TIME", help="where the ten seconds drawn begin, as 90s")
    ecg.add_argument("--measures", type=Path, metavar="FILE", help="write all measures there, a line a window (.csv)")
    _add_picture(ecg, "NAME-ecg.png")


def _add_activity(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    activity = commands.add_parser(
        "activity",
        parents=[common],
        allow_abbrev=False,
        help="activity, wear and sleep of an Axivity recording",
        description="Reads a .cwa file, calibrates it against gravity, and tells each day's activity, counts, wear, "
        "sleep and rhythm, with a picture.",
    )
    activity.set_defaults(command=_activity, when_interrupted="")
    activity.add_argument("recording", type=Path, metavar="FILE.cwa")
    activity.add_argument("--epochs", type=Path, metavar="FILE", help="write the epochs there, a line each (.csv)")
    activity.add_argument("--lenient", action="store_true", help="leave out blocks that are broken")
    _add_picture(activity, "NAME-activity.png")


def _models(text: str) -> tuple[str, ...]:
    known = ("event", "grud", "ssm", "s5")
    names = tuple(text.split(","))
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is no model; expected some of {', '.join(known)}")
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} names a model twice")
    return names


def _at_least(low: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {low}")
        return value

    return whole_number


def _seconds(text: str) -> float:
    number, unit = (text[:-1], text[-1]) if text[-1:] in ("s", "m", "h") else (text, "s")
    try:
        value = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 60s or 5m")
    return value


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: str | None) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=options.get("help"))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from marey import __version__

        print(f"marey {__version__}")
        parser.exit()


def _study_p12(options: argparse.Namespace) -> int:
    import importlib

    _need("study", ("torch", "sklearn", "matplotlib", "jinja2"))
    if options.train == options.test:
        raise ValueError(f"--train and --test are both {options.train}; a model is not tested on what it learned from")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"--out {options.out} is a file; expected a folder")
    run = importlib.import_module("marey.study.p12.run")
    names = ("data", "train", "test", "out", "device", "epochs", "seed", "threads", "resume", "exposure", "search")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if len(options.model) > 1:
        from marey.study.p12.compare import comparison_summary, run_models

        if run_models(run.Config(**given), options.model) is not None:
            print(comparison_summary(options.out))
        return 0
    if run.run(run.Config(**given, model=options.model[0])) is None:  # another process of this run tells
        return 0
    from marey.study.p12.report import summary

    print(summary(options.out))
    return 0


def _ecg(options: argparse.Namespace) -> int:
    from marey.ecg import report
    from marey.waveforms import read_wfdb

    if not options.no_picture:
        _need("plot", ("matplotlib",))
    record = read_wfdb(options.record, annotator=options.annotator)
    found = report(record, options.lead, window_s=options.window)
    print(found, flush=True)
    if options.measures is not None:
        found.windows.to_csv(options.measures)
        print(f"\nmeasures    {options.measures}")
    if not options.no_picture:
        picture = options.picture or Path(f"{record.name}-ecg.png")
        found.plot(picture, at_s=options.at)
        print(f"\npicture     {picture}")
    return 0


def _activity(options: argparse.Namespace) -> int:
    from marey.actigraphy import report
    from marey.waveforms import read_cwa

    if not options.no_picture:
        _need("plot", ("matplotlib",))
    recording = read_cwa(options.recording, check=not options.lenient)
    found = report(recording, name=options.recording.name)
    print(found, flush=True)
    if recording.bad_blocks:
        print(f"\n{recording.bad_blocks:,} broken blocks were left out")
    if options.epochs is not None:
        found.to_csv(options.epochs)
        print(f"\nepochs      {options.epochs}")
    if not options.no_picture:
        picture = options.picture or Path(f"{options.recording.stem}-activity.png")
        found.plot(picture)
        print(f"\npicture     {picture}")
    return 0


def _need(extra: str, modules: Sequence[str]) -> None:
    """All that is missing at once, before any work is done."""
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        names = ", ".join("scikit-learn" if name == "sklearn" else name for name in missing)
        raise BackendError(f"this command needs {names}; get it with: pip install 'marey[{extra}]'")


def _verify(options: argparse.Namespace) -> int:
    import marey

    try:
        marey.verify()
    except AssertionError:  # told already, check by check
        return FAILED
    return 0


def _doctor(options: argparse.Namespace) -> int:
    import marey

    marey.doctor()
    return 0

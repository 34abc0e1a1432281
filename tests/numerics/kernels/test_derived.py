"""What sympy derived is kept under a key of all that it depends on."""

import dataclasses
import json

import mpmath
import pytest
import sympy as sp

import numerics
import theory
from numerics.kernels import derived, storage
from numerics.kernels.derived import NotStorable, request_key, stored
from theory.algebra.stable_form import StableForm, stabilise
from theory.functions.losses import PREDICTION, TARGET, Loss, huber, loss
from theory.random_matrices.spiked_matrix import spike_form

X, Y = sp.symbols("x y", real=True)
M = sp.Symbol("m")
FORM = StableForm((X, Y), ((M, X * Y),), {"total": M + X})


def variants():
    """Forms that differ from FORM in one respect each."""
    k = sp.Symbol("k")
    positive = sp.Symbol("x", positive=True)
    return {
        "expression": dataclasses.replace(FORM, outputs={"total": M - X}),
        "definition": dataclasses.replace(FORM, definitions=((M, X + Y),)),
        "argument order": dataclasses.replace(FORM, arguments=(Y, X)),
        "output name": dataclasses.replace(FORM, outputs={"sum": M + X}),
        "definition's name": StableForm((X, Y), ((k, X * Y),), {"total": k + X}),
        "assumptions": StableForm((positive, Y), ((M, positive * Y),), {"total": M + positive}),
        "constant": dataclasses.replace(FORM, outputs={"total": M + X + sp.Float("1e-17")}),
        "more outputs": dataclasses.replace(FORM, outputs={"total": M + X, "other": M}),
    }


def test_the_key_changes_with_every_part_of_an_argument():
    keys = {name: request_key(stabilise, form) for name, form in variants().items()}
    keys["itself"] = request_key(stabilise, FORM)
    assert len(set(keys.values())) == len(keys)
    assert request_key(stabilise, dataclasses.replace(FORM)) == keys["itself"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        ((("a", "b"),), ("a", "b")),
        ((["a"],), (("a",),)),
        ((X, Y), (Y, X)),
        ((X,), (sp.Symbol("x"),)),
        ((True,), (False,)),
        ((True,), (1,)),
        ((1,), (1.0,)),
        ((1,), ("1",)),
        ((None,), ("None",)),
        ((spike_form,), (stabilise,)),
        ((huber(),), (loss(huber().expression, parameters={"delta": 1.0}),)),
        (
            (loss("k*(prediction - target)**2", parameters={"k": 1.0}),),
            (loss("q*(prediction - target)**2", parameters={"q": 1.0}),),
        ),
    ],
)
def test_requests_that_differ_have_different_keys(one, other):
    assert request_key(stabilise, *one) != request_key(stabilise, *other)
    assert request_key(stabilise, *one) == request_key(stabilise, *one)


def test_the_key_changes_with_function_versions_and_sources(monkeypatch):
    keys = {request_key(stabilise, X), request_key(spike_form, X)}
    for module, name in ((sp, "__version__"), (mpmath, "__version__"), (theory, "SOURCES")):
        with monkeypatch.context() as changed:
            changed.setattr(module, name, "another")
            keys.add(request_key(stabilise, X))
    assert len(keys) == 5


def test_what_numerics_computes_depends_on_numerics_as_well(monkeypatch):
    keys = [request_key(function) for function in (stabilise, storage.cache_folder)]
    monkeypatch.setattr(numerics, "SOURCES", "another")
    assert request_key(stabilise) == keys[0]
    assert request_key(storage.cache_folder) != keys[1]
    # a function of numerics that one of theory is called with counts, too
    before = request_key(stabilise, storage.cache_folder)
    monkeypatch.setattr(numerics, "SOURCES", "yet another")
    assert request_key(stabilise, storage.cache_folder) != before


class OwnLoss(Loss):
    """A user's, whose code is in no key."""


class OwnFunction(sp.Function):
    """A user's, likewise."""


def counted(monkeypatch, tmp_path):
    """Let a function of theory count its calls, in an empty cache folder."""
    calls = []
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(derived, "_texts", {})

    def count(*arguments):
        calls.append(arguments)
        return {"pi": 3.25, "words": ["a", "b"]}

    count.__module__, count.__qualname__, count.__name__ = "theory.sources", "count", "count"
    monkeypatch.setattr("theory.sources.count", count, raising=False)
    return count, calls


@pytest.mark.parametrize(
    "argument",
    [
        OwnLoss("own", (PREDICTION - TARGET) ** 2),
        OwnFunction(X),
        sp.Dummy("x"),
        lambda: FORM,
        object(),
    ],
    ids=["class", "function in an expression", "dummy", "lambda", "object"],
)
def test_what_no_key_can_tell_is_computed_anew(tmp_path, monkeypatch, argument):
    count, calls = counted(monkeypatch, tmp_path)
    with pytest.raises(NotStorable):
        request_key(count, argument)
    for _ in range(2):
        assert stored(count, argument)["pi"] == 3.25
    assert len(calls) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_computed_once(monkeypatch, tmp_path):
    count, calls = counted(monkeypatch, tmp_path)
    for _ in range(3):
        assert stored(count, 1) == {"pi": 3.25, "words": ["a", "b"]}
        monkeypatch.setattr(derived, "_texts", {})  # as in a new process
    assert calls == [(1,)]
    stored(count, 2)
    assert calls == [(1,), (2,)]


def test_a_result_cannot_be_changed_by_who_gets_it(monkeypatch, tmp_path):
    count, _ = counted(monkeypatch, tmp_path)
    stored(count)["words"].append("c")
    assert stored(count)["words"] == ["a", "b"]


@pytest.mark.parametrize("damage", ["", "{", None, "changed"])
def test_a_damaged_result_is_computed_again(monkeypatch, tmp_path, damage):
    count, calls = counted(monkeypatch, tmp_path)
    stored(count)
    (path,) = tmp_path.glob("count_*.json")
    whole = path.read_text()
    changed = whole.replace("3.25", "3.26")
    path.write_text({None: whole[:-5], "changed": changed}.get(damage, damage))
    monkeypatch.setattr(derived, "_texts", {})
    assert stored(count)["pi"] == 3.25
    assert (len(calls), path.read_text()) == (2, whole)


def test_results_of_edited_files_are_not_kept(monkeypatch, tmp_path):
    """The text on the disk is no longer that of the code that runs."""
    count, calls = counted(monkeypatch, tmp_path)
    monkeypatch.setattr(derived, "text_hash", lambda folder: "edited meanwhile")
    assert stored(count)["pi"] == 3.25
    assert list(tmp_path.iterdir()) == []
    assert stored(count)["pi"] == 3.25
    assert len(calls) == 1


def test_files_hold_json_and_no_code(monkeypatch, tmp_path):
    count, _ = counted(monkeypatch, tmp_path)
    stored(count)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text().rpartition("# sha256")[0])["pi"] == 3.25

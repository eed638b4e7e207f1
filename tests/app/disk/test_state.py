"""The disk's one store: only its own methods change it, and each names what becomes stale."""

from __future__ import annotations

import re

import pytest

from tests.support.browser_support import ROOT
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser
JS = ROOT / "app" / "disk" / "js"
# An assignment to anything that is reached through the disk or its store; DOM elements are reached
# through `parts`, and are not the disk's state.
PATH = r"\b(?:disk|state)(?:\??\.#?(?!parts\b)\w+|\[[^\]\n]*\])+"
WRITE = re.compile(
    rf"{PATH}\s*(?:=(?![=>])|(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)=|\+\+|--)"
    rf"|(?:\+\+|--)\s*(?:this\.)?#?{PATH}|\bdelete\s+(?:this\.)?#?{PATH}"
    r"|Object\.(?:assign|definePropert\w+)\(\s*(?:this\.)?#?(?:disk|state)\b"
)
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.S)


def writes(code: str) -> list[str]:
    return WRITE.findall(COMMENT.sub("", code))


def test_writes_are_found():
    for code in (
        "disk.view = home;", "this.#state.view.zoom *= 2", "state.flags[i] |= 1", "++state.count",
        "disk.state.handles.chosen = null", "Object.assign(this.#disk, {})", "state.a ??= 1",
        "state.scene?.hits.length--", "delete disk.scene", "this.disk.hovered = row",
    ):  # fmt: skip
        assert writes(code), code
    for code in (
        "if (state.view === home) f();", "const a = disk.view;", "x = state.a >= 2 || state.b != 1",
        "(state) => state.view", "disk.parts.live.textContent = text", "// disk.view = home",
        "const { view } = state; state.setView(view)", "this.#state = disk.state;",
    ):  # fmt: skip
        assert not writes(code), code


def test_nothing_outside_the_store_assigns_to_it():
    found = {
        path.relative_to(JS).as_posix(): writes(path.read_text(encoding="utf-8"))
        for path in sorted(JS.rglob("*.js"))
        if path.name != "state.js"
    }
    assert len(found) > 30
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_store_and_its_values_refuse_assignments(disk_page):  # noqa: F811
    page = disk_page()
    names, kept = page.evaluate(
        """async () => {
          const {State} = await import("/js/state.js");
          const state = new State(() => {});
          const properties = Object.getOwnPropertyDescriptors(State.prototype);
          const names = Object.keys(properties).filter((name) => properties[name].get);
          const values = [["view", "zoom"], ["frame", "width"], ["outline", "kept"],
            ["positions", "t"], ["handles", "chosen"]];
          state.setView({...state.view, zoom: 2});
          state.setFrame({...state.frame, width: 5});
          state.setOutline({drawn: [], kept: []});
          state.setPositions(state.positions.at(0.5));
          const refuses = (object, name) => {
            "use strict"; // as in every module
            try { object[name] = 1; } catch (error) { return error instanceof TypeError; }
            return false;
          };
          const kept = [...names.map((name) => [state, name]), [state, "handles"], [state, "other"],
            ...values.map(([value, name]) => [state[value], name])]
            .filter(([object, name]) => !refuses(object, name)).map(([, name]) => name);
          return [names, kept];
        }"""
    )
    assert {"scene", "cloud", "view", "tool", "hovered", "threshold", "positions"} <= set(names)
    assert kept == []


STALE = {
    "setScene(scene)": {"frame"},
    "setCloud(null, 1)": {"frame", "layout"},
    "setCloud(cloud, 1)": {"frame", "index", "positions", "flags", "layout"},
    "setFrame({...s.frame})": {"frame", "index"},
    "setView({...s.view, zoom: 2})": {"frame", "index"},
    "setPositions(s.positions.at(0.5))": {"frame", "index"},
    "setPositions(other)": {"frame", "index", "positions", "layout"},
    "setColouring({})": {"frame", "index", "panels"},
    "setFlags(new Uint8Array(2))": {"frame", "flags"},
    "setDistances(new Float32Array(2))": {"panels"},
    "setDistances(null)": set(),
    "setThreshold(0.5)": {"frame", "threshold"},
    "setOutline()": {"frame"},
    'setTool("box")': {"tools"},
    "setShowPictures(true)": {"frame", "index", "tools"},
    "setHovered(1)": {"frame", "hover"},
    "setHovered(1, true)": {"frame"},
    "setHovered(-1)": set(),
    "setHeld(true)": set(),
    "setFocused(1)": set(),
    "setScreenXY(new Float32Array(4))": set(),
    'handles.move("a", [0, 0])': {"frame"},
    "handles.choose(1)": {"frame"},
    "handles.release()": {"frame"},
}


def test_each_setter_says_what_it_makes_stale(disk_page):  # noqa: F811
    page = disk_page()
    found = page.evaluate(
        """async (calls) => {
          const {State} = await import("/js/state.js");
          const {Positions} = await import("/js/math/positions.js");
          const scene = {shapes: [{type: "handle", id: "a", at: [0.1, 0]}]};
          const cloud = {count: 2, xy: new Float32Array(4)};
          const other = new Positions({name: "umap", unit: null}, new Float32Array(4));
          return Object.fromEntries(calls.map((call) => {
            let parts = [];
            const s = new State((part) => parts.push(part));
            s.setScene(scene);
            parts = [];
            new Function("s", "scene", "cloud", "other", `s.${call}`)(s, scene, cloud, other);
            return [call, parts];
          }));
        }""",
        list(STALE),
    )
    assert {call: set(parts) for call, parts in found.items()} == STALE


def test_a_move_forgets_pixels_and_hover_and_another_layout_the_outline(disk_page):  # noqa: F811
    page = disk_page()
    found = page.evaluate(
        """async () => {
          const {State} = await import("/js/state.js");
          const {Positions} = await import("/js/math/positions.js");
          const s = new State(() => {});
          s.setCloud({count: 1, xy: Float32Array.of(0.1, 0.2)}, 0.5);
          const rest = () => {
            s.setScreenXY(new Float32Array(2));
            s.setHovered(0);
            s.setOutline({drawn: [], kept: [[0, 0]]});
          };
          const look = () => [s.screenXY, s.hovered, s.outline.kept.length];
          rest();
          s.setView({...s.view, zoom: 3});
          const moved = look();
          rest();
          s.setPositions(s.positions.at(0.5));
          const between = look();
          rest();
          s.setPositions(new Positions({name: "umap", unit: null}, new Float32Array(2)));
          return [moved, between, look(), s.packed, s.layouts];
        }"""
    )
    assert found[:3] == [[None, -1, 1], [None, -1, 1], [None, -1, 0]]
    assert found[3] == ["umap", [0, 0, 0, 3, 0, 0]]
    assert found[4] == {"origin": True, "query": False, "umap": False}

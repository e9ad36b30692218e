"""What the studio answers over HTTP, and what it refuses."""

import io
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import soundfile

from runtime.bundle import SHIPPED, Bundle, open_bundle
from runtime.codec import Codec
from runtime.thermometer import levels_of
from spiking_music.studio import figures
from spiking_music.studio.limits import Limits

Serve = Callable[..., Any]


def heard(studio: Any, session: str, name: str) -> np.ndarray:
    response, content = studio.ask("GET", f"{session}/sounds/{name}")
    assert response.status == 200
    return soundfile.read(io.BytesIO(content))[0]


def test_a_recording_becomes_events_sounds_bits_and_joules(
    serve: Serve, both_bundle: Bundle, wav: bytes
) -> None:
    studio, codec = serve(both_bundle), Codec(both_bundle)
    session = studio.welcome()
    assert studio.ask("PUT", f"{session}/file?name=my%20piece.wav", wav)[0].status == 202
    state = studio.settled(session)
    assert state["error"] is None
    assert state["piece"]["name"] == "my piece.wav"
    samples = soundfile.read(io.BytesIO(wav), dtype="float32")[0]
    piece = codec.encode(samples, 22050)
    packed = studio.ask("GET", f"{session}/events?coding={state['coding']}&from=3")[1]
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, 1), axis=1)[:, :5].T
    assert (bits.astype(bool) == piece.events.bits[:, 3:]).all()
    expected = codec.decode(piece)
    assert np.abs(heard(studio, session, "decoded") - np.clip(expected, -1, 1)).max() < 1e-3
    assert np.abs(heard(studio, session, "original") - samples).max() < 1e-3
    figures = state["figures"]
    assert figures["events"] == piece.events.count
    assert 0 < figures["bound_kbps"] <= figures["dense_kbps"]
    assert state["energy"]["seconds"] is None
    assert "Intel Loihi 1" in [chip["chip"] for chip in state["energy"]["chips"]]
    picture = studio.ask("GET", f"{session}/picture")[1]
    assert len(picture) == state["piece"]["bins"] * state["piece"]["columns"]
    assert not list(studio.folder.iterdir())  # an upload is gone once it is read


def test_mu_moves_events_bits_and_sound(serve: Serve, both_bundle: Bundle, wav: bytes) -> None:
    studio = serve(both_bundle)
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    many = studio.settled(session)
    assert many["mu"] == 16
    studio.json("PUT", f"{session}/wishes", json.dumps({"mu": 28, "muted": []}))
    few = studio.settled(session)
    assert few["mu"] == 28
    assert few["figures"]["events"] < many["figures"]["events"]
    assert few["coding"] == many["coding"] + 1
    assert few["heard"] > many["heard"]
    # Who asks for the events of before is told that they are gone.
    assert studio.ask("GET", f"{session}/events?coding={many['coding']}")[0].status == 404


def test_muted_units_carry_the_difference(serve: Serve, both_bundle: Bundle, wav: bytes) -> None:
    studio = serve(both_bundle)
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    whole = studio.settled(session)
    studio.json("PUT", f"{session}/wishes", json.dumps({"mu": 16, "muted": [0, 3]}))
    state = studio.settled(session)
    assert state["muted"] == [0, 3]
    assert state["coding"] == whole["coding"]  # nothing is encoded again
    assert state["figures"]["events"] < whole["figures"]["events"]
    names = ("decoded", "without", "carried")
    whole_sound, rest, carried = (heard(studio, session, name) for name in names)
    clipped = np.max(np.abs([whole_sound, rest, carried]), axis=0) > 0.999
    assert np.abs(rest + carried - whole_sound)[~clipped].max() < 1e-3
    assert clipped.mean() < 0.2
    assert np.abs(carried).max() > 0.01
    studio.json("PUT", f"{session}/wishes", json.dumps({"mu": 16, "muted": []}))
    assert studio.settled(session)["sounds"] == ["original", "decoded"]


def test_a_bundle_of_one_rate_says_why(serve: Serve, toy_bundle: Bundle, wav: bytes) -> None:
    studio = serve(toy_bundle)
    assert "FREE" in studio.json("GET", "/model")["no_mu"]
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    assert studio.settled(session)["energy"]["chips"] == []  # it has no bottleneck to price
    wish = json.dumps({"mu": 3, "muted": []})
    response, content = studio.ask("PUT", f"{session}/wishes", wish)
    assert response.status == 400
    assert b"mu cannot be changed" in content


def test_notes_are_shown_beside_the_piece(
    serve: Serve, toy_bundle: Bundle, wav: bytes, midi: bytes
) -> None:
    studio = serve(toy_bundle)
    session = studio.welcome()
    response, content = studio.ask("PUT", f"{session}/file?name=x.mid", midi)
    assert response.status == 400
    assert b"no recording is open yet" in content
    studio.ask("PUT", f"{session}/file?name=x.wav", wav)
    studio.settled(session)
    state = studio.json("PUT", f"{session}/file?name=x.mid", midi)
    assert [note[2] for note in state["notes"]] == [48, 60, 76]
    assert state["notes"][0][:2] == pytest.approx([0.1, 0.5], abs=0.01)
    response, content = studio.ask("PUT", f"{session}/file?name=bad.mid", midi[:30])
    assert response.status == 400
    assert b"bad.mid" in content
    assert not list(studio.folder.iterdir())


def test_two_visitors_do_not_mix(
    serve: Serve, both_bundle: Bundle, wav: bytes, other_wav: bytes
) -> None:
    studio = serve(both_bundle)
    one, other = studio.welcome(), studio.welcome()
    studio.ask("PUT", f"{one}/file?name=one", wav)
    studio.ask("PUT", f"{other}/file?name=other", other_wav)
    studio.json("PUT", f"{one}/wishes", json.dumps({"mu": 4, "muted": [1]}))
    states = [studio.settled(session) for session in (one, other)]
    assert [state["piece"]["name"] for state in states if state["piece"]] in (
        ["one", "other"],
        ["other"],  # the wish came before the piece was read, and took its place
    )
    assert states[1]["mu"] == 16
    assert states[1]["muted"] == []
    theirs = soundfile.read(io.BytesIO(other_wav))[0]
    assert np.abs(heard(studio, other, "original") - theirs).max() < 1e-3
    assert studio.ask("GET", "/sessions/somebody")[0].status == 404


def test_the_visitor_who_was_away_longest_is_forgotten(serve: Serve, toy_bundle: Bundle) -> None:
    studio = serve(toy_bundle, Limits(sessions=2))
    first, second = studio.welcome(), studio.welcome()
    studio.json("GET", first)
    third = studio.welcome()
    statuses = [studio.ask("GET", name)[0].status for name in (first, second, third)]
    assert statuses == [200, 404, 200]


def test_work_is_told_of_and_can_be_cancelled(
    serve: Serve, toy_bundle: Bundle, slow: Any, wav: bytes
) -> None:
    studio = serve(toy_bundle, codec=slow)
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    slow.inside.wait()
    assert studio.json("GET", session)["job"] == {"stage": "decode", "share": 0.0}
    assert studio.json("DELETE", f"{session}/job")["job"] is None
    slow.go.set()
    studio.json("PUT", f"{session}/wishes", json.dumps({"mu": None, "muted": []}))
    state = studio.settled(session)
    assert state["error"] is None
    assert state["heard"] == 2  # the piece as it was read, and one hearing: not the cancelled one


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", b"is empty"), (b"\0" * 999, b"is not an audio file")],
)
def test_what_is_no_recording_is_told(
    serve: Serve, toy_bundle: Bundle, body: bytes, reason: bytes
) -> None:
    studio = serve(toy_bundle)
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=../../etc/x.wav", body)
    state = studio.settled(session)
    assert state["error"].startswith("x.wav: ")
    assert reason.decode() in state["error"]
    assert str(studio.folder) not in state["error"]
    assert state["piece"] is None
    assert not list(studio.folder.iterdir())


def test_uploads_are_bounded(serve: Serve, toy_bundle: Bundle, wav: bytes) -> None:
    studio = serve(toy_bundle, Limits(bytes=10_000, seconds=1.0))
    session = studio.welcome()
    assert studio.ask("PUT", f"{session}/file?name=x", wav)[0].status == 413
    quiet = io.BytesIO()
    soundfile.write(quiet, np.zeros(22_050 * 60), 22_050, format="FLAC")  # a minute in few bytes
    assert len(quiet.getvalue()) < 10_000
    studio.ask("PUT", f"{session}/file?name=x", quiet.getvalue())
    assert "lasts longer than 1 s" in studio.settled(session)["error"]
    assert not list(studio.folder.iterdir())


@pytest.mark.parametrize(
    "wish",
    [
        "{", "[]", "{}", '{"mu": 16}', '{"mu": 32, "muted": []}', '{"mu": "5", "muted": []}',
        '{"mu": true, "muted": []}', '{"mu": 3, "muted": [5]}', '{"mu": 3, "muted": [-1]}',
        '{"mu": 3, "muted": 7}', "1" * 2_000_000,
    ],
)  # fmt: skip
def test_wishes_are_checked(serve: Serve, both_bundle: Bundle, wav: bytes, wish: str) -> None:
    studio = serve(both_bundle)
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    studio.settled(session)
    assert studio.ask("PUT", f"{session}/wishes", wish)[0].status in (400, 413)
    assert studio.settled(session)["mu"] == 16


def test_units_answer_once_there_is_a_piece(serve: Serve, toy_bundle: Bundle, wav: bytes) -> None:
    studio = serve(toy_bundle)
    session = studio.welcome()
    assert studio.ask("GET", f"{session}/units/1/sound")[0].status == 400
    studio.ask("PUT", f"{session}/file?name=x", wav)
    studio.settled(session)
    sound = soundfile.read(io.BytesIO(studio.ask("GET", f"{session}/units/1/sound")[1]))[0]
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.01)
    assert len(studio.ask("GET", f"{session}/units/1/sound?as=picture")[1]) % 192 == 0
    assert studio.ask("GET", f"{session}/units/5/sound")[0].status == 404


def test_only_the_page_itself_may_ask(serve: Serve, toy_bundle: Bundle) -> None:
    studio = serve(toy_bundle)
    here = f"127.0.0.1:{studio.port}"
    for headers, status in (
        ({}, 201),
        ({"Host": f"localhost:{studio.port}"}, 201),
        ({"Origin": f"http://{here}"}, 201),
        ({"Host": "evil.example"}, 400),  # a name that was made to lead here
        ({"Host": f"evil.example:{studio.port}"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://localhost:{studio.port}"}, 403),
        ({"Origin": f"https://{here}"}, 403),
    ):
        assert studio.ask("POST", "/sessions", **headers)[0].status == status, headers
    response, _ = studio.ask("OPTIONS", "/sessions", Origin="http://evil.example")
    assert response.status == 403
    response, page = studio.ask("GET", "/")
    assert b"Spiking Music studio" in page
    names = {name.lower() for name, _ in response.getheaders()}
    assert not [name for name in names if name.startswith("access-control")]
    assert "default-src 'self'" in response.getheader("Content-Security-Policy", "")


def test_files_beside_the_parts_stay_where_they_are(serve: Serve, toy_bundle: Bundle) -> None:
    studio = serve(toy_bundle)
    assert studio.ask("GET", "/parts/main.js")[0].status == 200
    for path in ("/parts/../server.py", "/parts/%2e%2e/server.py", "/parts/", "/server.py"):
        assert studio.ask("GET", path)[0].status == 404


HEAD = b"PUT %s/file?name=x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize("half", [b"GET / HT", HEAD, HEAD + b"\r\n0123"])
def test_half_sent_requests_shut_nobody_out(
    serve: Serve, toy_bundle: Bundle, wav: bytes, half: bytes
) -> None:
    studio = serve(toy_bundle)
    session = studio.welcome()
    sent = 1000
    said = half.replace(b"%s", studio.welcome().encode())
    with ExitStack() as stack:
        upload = stack.enter_context(socket.create_connection(("127.0.0.1", studio.port)))
        head = HEAD.replace(b"%s", session.encode()).replace(b"1000", b"%d" % len(wav))
        upload.sendall(head + b"\r\n" + wav[:1000])
        for _ in range(100):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", studio.port)))
            one.sendall(said)
            upload.sendall(wav[sent : sent + 1])  # it is slow, but it comes
            sent += 1
        assert studio.ask("GET", "/")[0].status == 200
        upload.sendall(wav[sent:])
        assert upload.recv(12) == b"HTTP/1.1 202"
    assert studio.settled(session)["piece"]["name"] == "x"


def test_a_request_that_never_ends_is_given_up(
    serve: Serve, both_bundle: Bundle, wav: bytes
) -> None:
    studio = serve(both_bundle, Limits(arrival=0.2))
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    studio.settled(session)
    for name in ("file", "wishes"):
        with socket.create_connection(("127.0.0.1", studio.port)) as one:
            one.sendall(HEAD.replace(b"%s/file?name=x", f"{session}/{name}".encode()) + b"\r\n{")
            assert one.recv(12) == b"HTTP/1.1 408"


def test_an_example_is_at_hand(serve: Serve, toy_bundle: Bundle) -> None:
    response, content = serve(toy_bundle).ask("GET", "/example")
    assert response.status == 200
    assert soundfile.info(io.BytesIO(content)).duration < Limits().seconds
    assert ".flac" in response.getheader("Content-Disposition", "")


def test_bins_of_a_lapped_model_are_shown_heard_muted_and_priced(
    serve: Serve, wav: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "LONGEST", 3)
    bundle = open_bundle(SHIPPED / "lapped")
    studio, codec = serve(bundle), Codec(bundle)
    model = studio.json("GET", "/model")
    assert (model["rows"], model["row"]) == (1536, "bin")
    session = studio.welcome()
    studio.ask("PUT", f"{session}/file?name=x", wav)
    state = studio.settled(session)
    samples = soundfile.read(io.BytesIO(wav), dtype="float32")[0]
    piece = codec.encode(samples, 22050)
    packed = studio.ask("GET", f"{session}/events?coding={state['coding']}")[1]
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, 192), axis=1)
    assert (bits.astype(bool) == (levels_of(piece.events, 1536) != 0)).all()
    assert state["figures"]["events"] == piece.events.count
    assert state["energy"]["seconds"] == pytest.approx(3 * 2048 / 22050)
    assert {c["chip"]: c["refused"] for c in state["energy"]["chips"]}["Intel Loihi 2"] == ""
    muted = np.flatnonzero(bits.any(0))[:100].tolist()
    studio.json("PUT", f"{session}/wishes", json.dumps({"mu": None, "muted": muted}))
    left = studio.settled(session)
    assert left["muted"] == muted
    assert left["energy"] == state["energy"]
    assert left["figures"]["events"] < state["figures"]["events"]
    assert np.abs(heard(studio, session, "carried")).max() > 1e-3
    assert studio.ask("GET", f"{session}/units/{muted[0]}/sound")[0].status == 200
    assert studio.ask("GET", f"{session}/units/1536/sound")[0].status == 404

"""Silence as a sound file: the media of a recording, of the right length and nothing else."""

from __future__ import annotations

import io
import math
import wave

__all__ = ["silent_mp3", "silent_wav"]

_RATE = 8000
_SILENT_SAMPLE = b"\x80"
_MP3_HEADER = bytes((0xFF, 0xE3, 0x18, 0xC0))
"""MPEG 2.5, layer III, no checksum, 8 kbit/s, 8 kHz, mono."""
_MP3_FRAME = _MP3_HEADER + bytes(72 - len(_MP3_HEADER))
_SAMPLES_A_FRAME = 576


def silent_wav(seconds: int) -> bytes:
    """Return silence as WAV: 8 kHz, 8 bit, mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_RATE)
        sound.writeframes(_SILENT_SAMPLE * (_RATE * seconds))
    return file.getvalue()


def silent_mp3(seconds: int) -> bytes:
    """Return silence as MP3, up to one frame of 72 ms longer than asked."""
    return _MP3_FRAME * math.ceil(seconds * _RATE / _SAMPLES_A_FRAME)

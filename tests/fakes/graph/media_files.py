"""Small real files, made in code: a picture in two formats, a sticker, a film without a frame, a page of PDF."""

from __future__ import annotations

import struct
import zlib
from functools import cache


@cache
def png(width: int = 64, height: int = 64, colour: tuple[int, int, int] = (24, 119, 242)) -> bytes:
    """One colour, with a lighter diagonal so that one sees which way is up."""
    light = tuple(min(255, part + 90) for part in colour)
    rows = (b"\0" + b"".join(bytes(light if abs(x - y) < 4 else colour) for x in range(width)) for y in range(height))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            _png_chunk(b"IDAT", zlib.compress(b"".join(rows))),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def jpeg(blocks: int = 8) -> bytes:
    """Baseline, grey, `blocks` x `blocks` squares of 8 pixels in two shades.

    Every block has only its mean (the DC part) and "nothing more": two Huffman codes for the size of a step, one for
    the end of a block.
    """
    step = 60
    bits = []
    shades = [step if (x // 2 + y // 2) % 2 else -step for y in range(blocks) for x in range(blocks)]
    for before, now in zip([0, *shades], shades, strict=False):
        bits.append(_jpeg_step(now - before) + "0")
    coded = "".join(bits)
    coded += "1" * (-len(coded) % 8)
    scan = int(coded, 2).to_bytes(len(coded) // 8, "big").replace(b"\xff", b"\xff\0")
    side = blocks * 8
    return b"".join(
        (
            b"\xff\xd8",
            _jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            _jpeg_segment(0xDB, b"\0" + bytes([8] * 64)),
            _jpeg_segment(0xC0, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0"),
            _jpeg_segment(0xC4, b"\0" + bytes([0, 3] + [0] * 14) + bytes([0, 6, 7])),
            _jpeg_segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + bytes([0])),
            _jpeg_segment(0xDA, b"\1\1\0\0\x3f\0"),
            scan,
            b"\xff\xd9",
        )
    )


def _jpeg_step(step: int) -> str:
    """The code of a step's size (0, 6 or 7 bits), then the step itself; a negative one is written as its complement."""
    if step == 0:
        return "00"
    size = abs(step).bit_length()
    value = step if step > 0 else step + (1 << size) - 1
    return {6: "01", 7: "10"}[size] + format(value, f"0{size}b")


def _jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


@cache
def mp4() -> bytes:
    """A container with its header and no track: enough for who looks at the first bytes."""
    header = struct.pack(">IIIIIIH", 0, 0, 0, 1000, 0, 0x00010000, 0x0100) + bytes(10)
    matrix = struct.pack(">9I", 0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000)
    movie = _mp4_box(b"mvhd", header + matrix + bytes(24) + struct.pack(">I", 1))
    return b"".join(
        (
            _mp4_box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41"),
            _mp4_box(b"moov", movie),
            _mp4_box(b"mdat", b""),
        )
    )


def _mp4_box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


@cache
def pdf() -> bytes:
    """One page with one line."""
    text = b"BT /F1 24 Tf 40 120 Td (Bijlage van de klant) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 360 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(body))
    )

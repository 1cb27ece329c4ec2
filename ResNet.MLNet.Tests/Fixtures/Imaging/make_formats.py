#!/usr/bin/python3
"""Makes formats.zip: some hundred small image files of each format, and in formats.csv what Pillow makes of each of them.

    make_formats.py OUTPUT [--seed 1] [--each 300]

What is drawn at random: sizes, content, modes, depths, subsampling, interlacing, palettes, transparency, places of frames, and where and how
an EXIF orientation is noted. Where Pillow does not write a variant, its bytes are put together here. A line of formats.csv: the name, what is
special about the file, then width, height and the SHA-256 of the pixels of exif_transpose(image).convert("RGB"), or Pillow's refusal. Formats
and seeds are independent of each other. Pillow 9.4 of Debian 12 made the committed files."""
import argparse, contextlib, csv, hashlib, io, random, struct, warnings, zipfile, zlib
from PIL import Image, ImageOps

TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
         6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90}
SHORTEST_SIDE, LONGEST_SIDE = 1, 23


def side(draw):
    return draw.randint(SHORTEST_SIDE, LONGEST_SIDE)


def picture(draw, mode, size):
    """Pixels of a mode: a gradient, noise, few colors, or one."""
    width, height = size
    bands = len(Image.new(mode, (1, 1)).getbands())
    kind = draw.choice(['gradient', 'noise', 'few', 'flat'])
    colors = [bytes(draw.randrange(256) for _ in range(bands)) for _ in range({'few': 5, 'flat': 1}.get(kind, 1))]
    steps = [(draw.randrange(16), draw.randrange(16), draw.randrange(256)) for _ in range(bands)]
    data = bytearray()
    for y in range(height):
        for x in range(width):
            if kind == 'gradient':
                data += bytes((a * x + b * y + c) % 256 for a, b, c in steps)
            elif kind == 'noise':
                data += bytes(draw.randrange(256) for _ in range(bands))
            else:
                data += draw.choice(colors)
    return Image.frombytes(mode, size, bytes(data))


def exif(draw):
    """A block of EXIF and what is special about it: types, counts, byte orders, damage."""
    order = draw.choice('<>')
    value = draw.choice([1, 2, 3, 4, 5, 6, 7, 8, 8, 6, 5, 3, 0, 9, 255])
    formats = {1: 'B', 2: 's', 3: 'H', 4: 'L', 5: 'LL', 6: 'b', 7: 'B', 8: 'h', 9: 'l', 10: 'll', 11: 'f', 12: 'd', 13: 'L', 14: 'H', 99: 'L'}
    type = draw.choice([3] * 8 + list(formats))
    count = draw.choice([1] * 8 + [0, 2, 3])
    unit = formats[type]
    if unit == 's':
        one = str(value).encode()[:1]
    elif len(unit) == 2:
        one = struct.pack(order + unit, value, 1)
    else:
        one = struct.pack(order + unit, min(value, 127) if unit == 'b' else value)
    data = one * count
    entries = [(0x010f, 2, 4, b'abc\0')] if draw.random() < 0.4 else []
    if draw.random() < 0.9:
        entries.append((0x0112, type, count, data))
    if draw.random() < 0.1:
        entries.append((0x0112, 3, 1, struct.pack(order + 'H', draw.randrange(1, 9))))
    if draw.random() < 0.3:
        entries.append((0x0131, 2, 8, b'painter\0'))
    start = draw.choice([8, 8, 8, 12])
    head = (b'II' if order == '<' else b'MM') + struct.pack(order + 'HL', 42, start)
    body, extra = struct.pack(order + 'H', len(entries)), b''
    behind = start + 2 + 12 * len(entries) + 4
    for tag, kind, number, value_bytes in entries:
        if len(value_bytes) > 4:
            field = struct.pack(order + 'L', behind + len(extra))
            extra += value_bytes
        else:
            field = value_bytes.ljust(4, b'\0')
        body += struct.pack(order + 'HHL', tag, kind, number) + field
    block = head.ljust(start, b'\0') + body + struct.pack(order + 'L', 0) + extra
    damage = draw.choice(['whole'] * 12 + ['cut', 'magic', 'offset', 'empty'])
    if damage == 'cut':
        block = block[:draw.randrange(len(block))]
    elif damage == 'magic':
        block = b'XX' + block[2:]
    elif damage == 'offset':
        block = block[:4] + struct.pack(order + 'L', 70000) + block[8:]
    elif damage == 'empty':
        block = b''
    return block, f'EXIF type {type}, count {count}, {damage}'


def segment(marker, data):
    return b'\xff' + bytes([marker]) + struct.pack('>H', len(data) + 2) + data


def jpeg(draw):
    mode = draw.choice(['L', 'RGB', 'RGB', 'RGB', 'CMYK'])
    image, file = picture(draw, mode, (side(draw), side(draw))), io.BytesIO()
    note = [mode]
    options = {'quality': draw.choice([5, 30, 75, 90, 95, 100]), 'progressive': draw.random() < 0.3, 'optimize': draw.random() < 0.3}
    if mode == 'RGB':
        options['subsampling'] = draw.choice([0, 1, 2])
    image.save(file, 'JPEG', **options)
    data, parts = file.getvalue(), []
    for _ in range(draw.choice([0, 0, 1, 1, 1, 1, 2])):
        block, what = exif(draw)
        header = draw.choice([b'Exif\0\0'] * 9 + [b'Exif\0\xff', b'Exif\0'])
        parts.append(segment(0xe1, header + block))
        note.append(f'{what}, header {header[4:].hex()}')
    if draw.random() < 0.15:
        parts.append(segment(0xe1, b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="%d"/>' % draw.randrange(1, 9)))
        note.append('XMP')
    if draw.random() < 0.15:
        parts.append(segment(0xfe, b'a comment'))
    draw.shuffle(parts)
    at = 2 if draw.random() < 0.5 else 4 + struct.unpack('>H', data[4:6])[0]
    data = data[:at] + b''.join(parts) + data[at:]
    if draw.random() < 0.1:
        data += b'\0' * draw.randrange(1, 40)
        note.append('bytes behind the end')
    return data, 'jpg', ', '.join(note)


def chunk(name, data):
    return struct.pack('>L', len(data)) + name + data + struct.pack('>L', zlib.crc32(name + data))


def filtered(draw, rows, stride):
    """Rows with a filter each, chosen at random."""
    result, above = bytearray(), bytes(len(rows[0])) if rows else b''
    for row in rows:
        kind = draw.randrange(5)
        result.append(kind)
        for i, value in enumerate(row):
            left = row[i - stride] if i >= stride else 0
            up, corner = above[i], above[i - stride] if i >= stride else 0
            guess = left + up - corner
            paeth = min([(abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner)])[2]
            result.append((value - [0, left, up, (left + up) // 2, paeth][kind]) % 256)
        above = row
    return bytes(result)


def packed(values, depth):
    """A row of samples of 1 to 16 bits."""
    if depth == 16:
        return b''.join(struct.pack('>H', value) for value in values)
    bits = ''.join(format(value, f'0{depth}b') for value in values)
    bits += '0' * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(draw):
    color = draw.choice([0, 2, 3, 4, 6])
    depth = draw.choice({0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}[color])
    width, height = side(draw), side(draw)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    colors = draw.randint(1, 2 ** depth) if color == 3 else 2 ** depth
    flat = draw.random() < 0.3
    one = [draw.randrange(colors) for _ in range(samples)]
    image = [[one if flat and draw.random() < 0.8 else [draw.randrange(colors) for _ in range(samples)] for _ in range(width)]
             for _ in range(height)]
    interlaced = draw.random() < 0.4
    stride = max(1, samples * depth // 8)

    def rows(x0, y0, dx, dy):
        return [packed([s for x in range(x0, width, dx) for s in image[y][x]], depth) for y in range(y0, height, dy)] if x0 < width else []

    if interlaced:
        data = b''.join(filtered(draw, part, stride) for part in (rows(*each) for each in ADAM7) if part)
    else:
        data = filtered(draw, rows(0, 0, 1, 1), stride)
    note = [f'color type {color}, {depth} bits' + (', interlaced' if interlaced else '')]
    before, behind = [], []
    if draw.random() < 0.3:
        before.append(chunk(b'gAMA', struct.pack('>L', draw.choice([45455, 100000, 30000]))))
    if draw.random() < 0.2:
        before.append(chunk(b'sRGB', b'\0'))
    if draw.random() < 0.2:
        before.append(chunk(b'cHRM', struct.pack('>8L', 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)))
    if color == 3:
        before.append(chunk(b'PLTE', bytes(draw.randrange(256) for _ in range(3 * colors))))
    transparent = draw.random() < 0.4
    if transparent and color == 3:
        before.append(chunk(b'tRNS', bytes(draw.choice([0, 255, draw.randrange(256)]) for _ in range(draw.randint(1, colors)))))
    elif transparent and color in (0, 2):
        before.append(chunk(b'tRNS', b''.join(struct.pack('>H', value) for value in image[0][0])))
    if transparent and color in (0, 2, 3):
        note.append('tRNS')
    if draw.random() < 0.2:
        before.append(chunk(b'bKGD', b'\0' if color == 3 else struct.pack('>H', 1) * (1 if color in (0, 4) else 3)))
    if draw.random() < 0.5:
        block, what = exif(draw)
        (before if draw.random() < 0.5 else behind).append(chunk(b'eXIf', block))
        note.append('eXIf: ' + what)
    if draw.random() < 0.15:
        block, what = exif(draw)
        block = b'Exif\0\0' + block
        lines = block.hex()
        text = '\nexif\n%8d\n' % len(block) + '\n'.join(lines[i:i + 72] for i in range(0, len(lines), 72)) + '\n'
        if draw.random() < 0.5:
            before.append(chunk(b'tEXt', b'Raw profile type exif\0' + text.encode()))
        else:
            before.append(chunk(b'zTXt', b'Raw profile type exif\0\0' + zlib.compress(text.encode())))
        note.append('raw profile: ' + what)
    if draw.random() < 0.15:
        form = draw.choice(['<x tiff:Orientation="%d"/>', '<tiff:Orientation>%d</tiff:Orientation>']) % draw.randrange(1, 9)
        squeezed = draw.random() < 0.5
        content = zlib.compress(form.encode()) if squeezed else form.encode()
        place = before if draw.random() < 0.7 else behind
        place.append(chunk(b'iTXt', b'XML:com.adobe.xmp\0' + bytes([squeezed, 0]) + b'\0\0' + content))
        note.append('XMP')
    stream = zlib.compress(data, draw.choice([1, 9]))
    cuts = sorted(draw.randrange(len(stream) + 1) for _ in range(draw.choice([0, 0, 1, 3])))
    parts = [stream[a:b] for a, b in zip([0] + cuts, cuts + [len(stream)])]
    header = struct.pack('>LLBBBBB', width, height, depth, color, 0, 0, interlaced)
    file = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + b''.join(before)
    return file + b''.join(chunk(b'IDAT', part) for part in parts) + b''.join(behind) + chunk(b'IEND', b''), 'png', ', '.join(note)


def lzw(indices, bits):
    """GIF's compression."""
    clear, width, codes = 1 << bits, bits + 1, {}
    out, hold, count, word = bytearray(), 0, 0, ()

    def put(code):
        nonlocal hold, count
        hold |= code << count
        count += width
        while count >= 8:
            out.append(hold & 255)
            hold >>= 8
            count -= 8

    put(clear)
    codes = {(i,): i for i in range(clear)}
    following = clear + 2
    for index in indices:
        longer = word + (index,)
        if longer in codes:
            word = longer
            continue
        put(codes[word])
        if following < 4096:
            codes[longer] = following
            if following == 1 << width:
                width += 1
            following += 1
        else:
            put(clear)
            codes, following, width = {(i,): i for i in range(clear)}, clear + 2, bits + 1
        word = (index,)
    if word:
        put(codes[word])
    put(clear + 1)
    if count:
        out.append(hold & 255)
    return bytes([bits]) + b''.join(bytes([len(out[i:i + 255])]) + bytes(out[i:i + 255]) for i in range(0, len(out), 255)) + b'\0'


def palette(draw, bits, may_be_gray=True):
    if draw.random() < 0.15 and may_be_gray:
        return bytes(value for i in range(1 << bits) for value in (i, i, i))
    return bytes(draw.randrange(256) for _ in range(3 << bits))


def gif(draw):
    width, height = side(draw), side(draw)
    bits = draw.randint(1, 8)
    has_global = draw.random() < 0.8
    background = draw.randrange(1 << bits)
    data = draw.choice([b'GIF89a', b'GIF89a', b'GIF87a'])
    data += struct.pack('<HHBBB', width, height, (0x80 if has_global else 0) | 0x70 | (bits - 1), background, 0)
    data += palette(draw, bits) if has_global else b''
    note = [f'{bits} bits']
    if draw.random() < 0.2:
        data += b'\x21\xfe\x05hello\0'
    for frame in range(draw.choice([1, 1, 1, 2, 3])):
        if draw.random() < 0.5:
            left, top, across, down = 0, 0, width, height
        else:
            across, down = draw.randint(1, width), draw.randint(1, height)
            left, top = draw.randint(0, width - across), draw.randint(0, height - down)
            note.append(f'frame {frame} is a part')
        if draw.random() < 0.6:
            clear = draw.random() < 0.7
            chosen = draw.randrange(1 << bits)
            data += b'\x21\xf9\x04' + struct.pack('<BHBB', draw.randrange(4) << 2 | clear, 10, chosen, 0)
            note.append(f'frame {frame}: transparent {chosen}' if clear else 'control')
        local = draw.random() < (0.3 if has_global else 1)
        interlaced = draw.random() < 0.3
        data += b'\x2c' + struct.pack('<HHHHB', left, top, across, down, (0x80 | (bits - 1) if local else 0) | (0x40 if interlaced else 0))
        # Pillow takes the global one in place of a local one of plain grays.
        data += palette(draw, bits, may_be_gray=not has_global) if local else b''
        used = max(1, (1 << bits) - draw.choice([0, 0, 1]))
        rows = [[draw.randrange(used) for _ in range(across)] for _ in range(down)]
        if interlaced:
            rows = rows[0::8] + rows[4::8] + rows[2::4] + rows[1::2]
        data += lzw([index for row in rows for index in row], max(2, bits))
        if interlaced and frame == 0:
            note.append('interlaced')
    return data + b'\x3b', 'gif', ', '.join(note)


def run_lengths(draw, rows, bits):
    """BMP's compression of 4 or 8 bits. Pillow 9.4 misreads uncompressed runs of 4 bits, so there are none."""
    data = bytearray()
    for row in rows:
        at = 0
        while at < len(row):
            length = 1
            while at + length < len(row) and length < 255 and row[at + length] == row[at]:
                length += 1
            if length > 1 or bits == 4 or len(row) - at < 3 or draw.random() < 0.5:
                data += bytes([length, row[at] * 17 if bits == 4 else row[at]])
                at += length
            else:
                count = draw.randint(3, min(255, len(row) - at))
                part = row[at:at + count]
                raw = bytes(part)
                data += bytes([0, count]) + raw + b'\0' * (len(raw) % 2)
                at += count
        data += b'\0\0'
    return bytes(data) + b'\0\1'


def bmp(draw):
    width, height = side(draw), side(draw)
    kind = draw.choice(['1', '4', '8', 'rle4', 'rle8', '555', '555 masks', '565', '24', '32', '32 masks', '32 alpha', 'os2 1', 'os2 4', 'os2 8', 'os2 24'])
    bits = int({'555': '16', '555 masks': '16', '565': '16'}.get(kind, kind.replace('rle', '').replace('os2 ', '').split()[0]))
    old, down = kind.startswith('os2'), draw.random() < 0.2 and not kind.startswith(('rle', 'os2'))
    colors = 0 if bits > 8 else (1 << bits) if old else draw.choice([1 << bits, draw.randint(1, 1 << bits)])
    rows = [[draw.randrange(colors or 256) for _ in range(width * (1 if bits <= 8 else bits // 8))] for _ in range(height)]
    stored = rows if down else rows[::-1]
    if kind.startswith('rle'):
        pixels = run_lengths(draw, stored, bits)
    else:
        pixels = b''.join((row + b'\0' * (-len(row) % 4)) for row in (packed(r, bits) if bits <= 8 else bytes(r) for r in stored))
    table = b''.join(bytes(draw.randrange(256) for _ in range(3)) + (b'' if old else b'\0') for _ in range(colors))
    masks = {'555 masks': (0x7c00, 0x3e0, 0x1f), '565': (0xf800, 0x7e0, 0x1f), '32 masks': (0xff0000, 0xff00, 0xff),
             '32 alpha': (0xff0000, 0xff00, 0xff)}.get(kind)
    compression = {'rle8': 1, 'rle4': 2}.get(kind, 3 if masks else 0)
    if old:
        header = struct.pack('<LHHHH', 12, width, height, 1, bits)
    else:
        fields = struct.pack('<llHHLLllLL', width, -height if down else height, 1, bits, compression, len(pixels), 2835, 2835,
                             colors if colors != 1 << bits else draw.choice([0, colors]), 0)
        if kind == '32 alpha':
            size = draw.choice([108, 124])
            fields += struct.pack('<4L', *masks, 0xff000000) + b'BGRs' + bytes(size - 4 - 36 - 16 - 4)
        elif masks:
            fields += struct.pack('<3L', *masks)
        header = struct.pack('<L', 4 + len(fields) - (12 if masks and kind != '32 alpha' else 0)) + fields
    start = 14 + len(header) + len(table)
    return b'BM' + struct.pack('<LHHL', start + len(pixels), 0, 0, start) + header + table + pixels, 'bmp', kind + (', top down' if down else '')


def webp(draw):
    mode = draw.choice(['RGB', 'RGB', 'RGBA'])
    image, file = picture(draw, mode, (side(draw), side(draw))), io.BytesIO()
    options = {'lossless': draw.random() < 0.4, 'quality': draw.choice([10, 50, 80, 100]), 'method': draw.randrange(5)}
    note = [mode, 'lossless' if options['lossless'] else 'lossy']
    if draw.random() < 0.6:
        block, what = exif(draw)
        options['exif'] = draw.choice([b'Exif\0\0', b'']) + block
        note.append(what)
    if draw.random() < 0.15:
        options.update(save_all=True, append_images=[picture(draw, mode, image.size)], duration=100)
        note.append('animated')
    image.save(file, 'WEBP', **options)
    return file.getvalue(), 'webp', ', '.join(note)


def expected(data):
    """Width, height and digest of what Pillow makes of a file."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except Exception as problem:
        return [0, 0, type(problem).__name__]
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:
        # Of a block that is damaged nothing is taken; but writing the block without its orientation fails, too, where it has odd types.
        with contextlib.suppress(Exception):
            turn = image.getexif().get(0x0112)
            image = image.transpose(TURNS[turn]) if turn in TURNS else image
    image = image.convert('RGB')
    return [image.width, image.height, hashlib.sha256(image.tobytes()).hexdigest()]


parser = argparse.ArgumentParser()
parser.add_argument('output')
parser.add_argument('--seed', type=int, default=1)
parser.add_argument('--each', type=int, default=300)
options = parser.parse_args()
warnings.simplefilter('ignore')
table = io.StringIO()
lines = csv.writer(table, lineterminator='\n')
with zipfile.ZipFile(options.output, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for make in (jpeg, png, gif, bmp, webp):
        draw = random.Random(f'{make.__name__} {options.seed}')
        for number in range(options.each):
            data, ending, note = make(draw)
            name = f'{make.__name__}-{number:04}.{ending}'
            archive.writestr(zipfile.ZipInfo(name), data)
            lines.writerow([name, note, *expected(data)])
    archive.writestr(zipfile.ZipInfo('formats.csv'), table.getvalue())

// SPDX-License-Identifier: GPL-2.0
/*
 * The page of mmscope map: paints the memory and tells what it is. It has nothing
 * but what is in the page, and what comes from the kernel is never markup to it.
 */
'use strict';
const byId = id => document.getElementById(id);
const data = JSON.parse(byId('data').textContent);
const canvas = byId('map');
const ctx = canvas.getContext('2d');

const COLUMNS = 256;		/* of cells, in linear order */
const MOST_PX = 48;		/* of a cell */
const FOUND = [214, 0, 147];
const LAYERS = data.layers.length;
/* of an attribute: a category for each layer, then texts */
const ATTR = { zone: LAYERS, flags: LAYERS + 1, owner: LAYERS + 2, cgroup: LAYERS + 3,
	size: LAYERS + 4 };
const BLANK = -1;

/* ------------------------------------------------------------------ the data */

const nr = data.extents.length / 3;
const starts = new Float64Array(nr);
const ends = new Float64Array(nr);
const attrOf = new Uint32Array(nr);
for (let i = 0, at = 0; i < nr; i++) {
	starts[i] = at + data.extents[3 * i];
	ends[i] = at = starts[i] + data.extents[3 * i + 1];
	attrOf[i] = data.extents[3 * i + 2];
}
data.extents = null;
const attr = (i, what) => data.attrs[i * ATTR.size + what];
const text = (i, what) => data.strings[attr(i, what)];

/* The first extent that ends beyond a frame. */
function seek(frame)
{
	let low = 0, high = nr;

	while (low < high) {
		const middle = (low + high) >>> 1;

		if (ends[middle] <= frame)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ----------------------------------------------------------------- the state */

const state = { layer: data.layer, curve: data.curve, found: null };
const off = data.layers.map(() => new Set());	/* categories that are dimmed */
/*
 * Where we are: frames of a cell, pixels of a cell, and the pixel of the whole
 * that is at the top left of the canvas.
 */
const view = { frames: 1, px: 1, x: 0, y: 0 };
/* What does not change until the window or the order do. */
const whole = { base: 0, least: 1, most: 1, square: 1, squares: 1 };
let layerCats = null;

function hilbertFits(width, height)
{
	let best = 0;

	for (let square = 1; ; square *= 4) {
		const side = Math.sqrt(square);
		const squares = Math.ceil((data.end - data.start) / square);
		const px = Math.min(width / (squares * side), height / side);

		if (px > best) {
			best = px;
			whole.square = square;
		}
		if (squares === 1)
			return best;
	}
}

/* All of the memory, as great as it fits. */
function fit()
{
	const width = canvas.clientWidth - 8, height = canvas.clientHeight - 8;
	const total = data.end - data.start;

	view.frames = 1;
	view.x = view.y = -4;
	if (state.curve === 'hilbert') {
		/* pixels of one frame; cells are so great that they can be seen */
		const px = hilbertFits(width, height);

		while (px * Math.sqrt(view.frames) < 2 && view.frames < whole.square)
			view.frames *= 4;
		view.px = Math.min(px * Math.sqrt(view.frames), MOST_PX);
	} else {
		view.px = Math.max(1, Math.floor(width / COLUMNS));
		while (Math.ceil(total / view.frames / COLUMNS) * view.px > height)
			view.frames *= 2;
	}
	whole.least = view.px;
	whole.most = view.frames;
	whole.base = data.start - data.start % view.frames;
	whole.squares = Math.ceil((data.end - whole.base) / whole.square);
	draw();
}

/* Twice as great, or half, with what is at a pixel staying there. */
function zoom(closer, x, y)
{
	const linear = state.curve === 'linear';
	let grow = closer ? 2 : 0.5;

	if (closer ? view.frames === 1 : view.px > whole.least * 1.001 && view.frames === 1) {
		if (closer && view.px * 2 > MOST_PX)
			return;
		view.px *= grow;
		view.x = (view.x + x) * grow - x;
		view.y = (view.y + y) * grow - y;
	} else if (closer ? view.frames > 1 : view.frames < whole.most) {
		view.frames *= linear ? 1 / grow : 1 / (grow * grow);
		if (!linear)
			view.x = (view.x + x) * grow - x;
		view.y = (view.y + y) * grow - y;
	} else {
		fit();
		return;
	}
	draw();
}

function pan(dx, dy)
{
	view.x += dx;
	view.y += dy;
	draw();
}

/* ------------------------------------------------------------------ the cells */

/* Number of the point on Hilbert's curve; as curve_hilbert() of map-curve.c. */
function hilbertNumber(side, x, y)
{
	let d = 0;

	for (let half = side / 2; half >= 1; half /= 2) {
		const right = x & half ? 1 : 0, lower = y & half ? 1 : 0;

		d += half * half * (3 * right ^ lower);
		if (!lower) {
			if (right) {
				x = side - 1 - x;
				y = side - 1 - y;
			}
			[x, y] = [y, x];
		}
	}
	return d;
}

function hilbertPlace(side, d)
{
	let x = 0, y = 0;

	for (let half = 1; half < side; half *= 2) {
		const right = Math.floor(d / 2) & 1, lower = (d ^ right) & 1;

		if (!lower) {
			if (right)
				[x, y] = [half - 1 - x, half - 1 - y];
			[x, y] = [y, x];
		}
		x += half * right;
		y += half * lower;
		d = Math.floor(d / 4);
	}
	return [x, y];
}

const sideCells = () => Math.sqrt(whole.square / view.frames);

/* The first frame of a cell; BLANK if there is no such cell. */
function frameOf(column, row)
{
	let cell;

	if (column < 0 || row < 0)
		return BLANK;
	if (state.curve === 'hilbert') {
		const side = sideCells();

		if (row >= side || column >= side * whole.squares)
			return BLANK;
		cell = Math.floor(column / side) * side * side +
			hilbertNumber(side, column % side, row);
	} else {
		if (column >= COLUMNS)
			return BLANK;
		cell = row * COLUMNS + column;
	}
	const frame = whole.base + cell * view.frames;
	return frame < data.end ? frame : BLANK;
}

/* The middle of the cell of a frame, in pixels of the canvas. */
function placeOf(frame)
{
	const cell = Math.floor((frame - whole.base) / view.frames);
	let column = cell % COLUMNS, row = Math.floor(cell / COLUMNS);

	if (state.curve === 'hilbert') {
		const side = sideCells();

		[column, row] = hilbertPlace(side, cell % (side * side));
		column += Math.floor(cell / (side * side)) * side;
	}
	return [(column + 0.5) * view.px - view.x, (row + 0.5) * view.px - view.y];
}

/* Frames of each category in a range; category and frames, the greatest first. */
function shares(start, end)
{
	const sums = new Map();

	for (let i = seek(start); i < nr && starts[i] < end; i++) {
		const category = layerCats[attrOf[i]];
		const frames = Math.min(ends[i], end) - Math.max(starts[i], start);

		if (category !== BLANK)
			sums.set(category, (sums.get(category) || 0) + frames);
	}
	return [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

/* The color of a cell: of the greatest category, unless something was found. */
function painter()
{
	const cats = data.layers[state.layer].cats;
	const plain = cats.map(c => [1, 3, 5].map(at => parseInt(c[1].slice(at, at + 2), 16)));
	const dim = rgb => rgb.map(part => Math.round(255 - (255 - part) * 0.13));
	const colors = plain.map((rgb, i) =>
		state.found || off[state.layer].has(i) ? dim(rgb) : rgb);
	const sums = new Float64Array(cats.length);
	const met = new Uint32Array(cats.length);

	return (start, end) => {
		let n = 0, best = BLANK;

		for (let i = seek(start); i < nr && starts[i] < end; i++) {
			const category = layerCats[attrOf[i]];

			if (state.found && state.found[attrOf[i]])
				best = -2;
			if (category === BLANK)
				continue;
			if (!sums[category])
				met[n++] = category;
			sums[category] += Math.min(ends[i], end) - Math.max(starts[i], start);
		}
		for (let i = 0; i < n; i++) {
			const category = met[i];

			if (best !== -2 && (best === BLANK || sums[category] > sums[best] ||
			    (sums[category] === sums[best] && category < best)))
				best = category;
		}
		for (let i = 0; i < n; i++)
			sums[met[i]] = 0;
		return best === BLANK ? null : best === -2 ? FOUND : colors[best];
	};
}

/* ---------------------------------------------------------------- the picture */

const off_screen = document.createElement('canvas');

function paint()
{
	const ratio = window.devicePixelRatio || 1;
	const width = canvas.clientWidth, height = canvas.clientHeight;
	const left = Math.max(0, Math.floor(view.x / view.px));
	const top = Math.max(0, Math.floor(view.y / view.px));
	const columns = Math.ceil((view.x + width) / view.px) - left;
	const rows = Math.ceil((view.y + height) / view.px) - top;

	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(height * ratio);
	if (columns <= 0 || rows <= 0)
		return;
	off_screen.width = columns;
	off_screen.height = rows;
	const image = new ImageData(columns, rows);
	const color = painter();
	for (let row = 0, at = 0; row < rows; row++) {
		for (let column = 0; column < columns; column++, at += 4) {
			const frame = frameOf(left + column, top + row);
			const rgb = frame === BLANK ? null : color(frame, frame + view.frames);

			if (!rgb)
				continue;
			image.data[at] = rgb[0];
			image.data[at + 1] = rgb[1];
			image.data[at + 2] = rgb[2];
			image.data[at + 3] = 255;
		}
	}
	off_screen.getContext('2d').putImageData(image, 0, 0);
	ctx.imageSmoothingEnabled = false;
	ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
	ctx.drawImage(off_screen, left * view.px - view.x, top * view.px - view.y,
		columns * view.px, rows * view.px);
}

let asked = false;

function draw()
{
	byId('caption').textContent = caption();
	if (asked)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		paint();
	});
}

/* -------------------------------------------------------------------- in words */

function size(frames)
{
	let bytes = frames * data.page_size, unit = 0;

	while (bytes >= 1024 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	return Math.round(bytes * 10) / 10 + 'BKMGTPE'[unit];
}

function share(frames, all)
{
	const percent = 100 * frames / all;

	return percent < 0.05 ? '<0.1%' : percent.toFixed(1) + '%';
}

const hex = frame => '0x' + frame.toString(16);

function caption()
{
	const one = view.frames === 1;

	return `frames ${hex(data.start)}-${hex(data.end)}, ${size(data.pages)}; ` +
		`1 cell = ${view.frames} frame${one ? '' : 's'} (${size(view.frames)})` +
		(one ? '' : ', painted as most of them are') +
		(state.foundText ? `; ${state.foundText}` : '');
}

function element(parent, name, words)
{
	const e = document.createElement(name);

	if (words !== undefined)
		e.textContent = words;
	parent.append(e);
	return e;
}

function addRow(table, name, value)
{
	const row = element(table, 'tr');

	element(row, 'th', name);
	element(row, 'td', value === '' ? 'none' : value);
}

function describeExtent(info, i)
{
	const a = attrOf[i];
	const table = element(info, 'table');
	const category = layer => attr(a, layer) === BLANK ? 'none' :
		data.layers[layer].cats[attr(a, layer)][0];

	table.className = 'extent';
	addRow(table, 'extent', `${hex(starts[i])}-${hex(ends[i])}, ${size(ends[i] - starts[i])}`);
	data.layers.forEach((layer, l) => {
		if (layer.name !== 'owner' && layer.name !== 'cgroup')
			addRow(table, layer.name, category(l));
	});
	addRow(table, 'zone', text(a, ATTR.zone));
	addRow(table, 'owner', text(a, ATTR.owner));
	addRow(table, 'cgroup', text(a, ATTR.cgroup));
	addRow(table, 'flags', text(a, ATTR.flags));
}

function describe(frame)
{
	const info = byId('info');
	const end = frame + view.frames;
	let greatest = -1, most = 0, extents = 0;

	info.replaceChildren();
	if (frame === BLANK) {
		element(info, 'p', 'Point at a cell to see what it is. Drag to move, wheel or ' +
			'+ and \u2212 to zoom, click a name above to dim it.');
		return;
	}
	element(info, 'h2', view.frames === 1 ? `frame ${hex(frame)} (${frame})` :
		`frames ${hex(frame)}-${hex(end)}`);
	for (let i = seek(frame); i < nr && starts[i] < end; i++) {
		const frames = Math.min(ends[i], end) - Math.max(starts[i], frame);

		extents++;
		if (frames > most) {
			most = frames;
			greatest = i;
		}
	}
	if (greatest < 0) {
		element(info, 'p', 'no memory');
		return;
	}
	if (extents > 1) {
		const table = element(info, 'table');

		table.className = 'share';
		for (const [category, frames] of shares(frame, end))
			addRow(table, data.layers[state.layer].cats[category][0],
			       `${size(frames)} ${share(frames, view.frames)}`);
		element(info, 'p', `the greatest of ${extents} extents:`);
	}
	describeExtent(info, greatest);
}

function makeLegend()
{
	const cats = data.layers[state.layer].cats;
	const order = cats.map((c, i) => i).sort((a, b) => cats[b][2] - cats[a][2] || a - b);

	layerCats = new Int32Array(data.attrs.length / ATTR.size);
	for (let i = 0; i < layerCats.length; i++)
		layerCats[i] = attr(i, state.layer);
	byId('legend').replaceChildren();
	for (const i of order) {
		const button = element(element(byId('legend'), 'li'), 'button');

		element(button, 'i').style.background = cats[i][1];
		element(button, 'span', cats[i][0]).title = cats[i][0];
		element(button, 'b', `${size(cats[i][2])} ${share(cats[i][2], data.pages)}`);
		button.setAttribute('aria-pressed', !off[state.layer].has(i));
		button.addEventListener('click', () => {
			if (!off[state.layer].delete(i))
				off[state.layer].add(i);
			button.setAttribute('aria-pressed', !off[state.layer].has(i));
			draw();
		});
	}
}

/* --------------------------------------------------------------------- finding */

function goTo(frame)
{
	const [x, y] = placeOf(frame);

	pan(x - canvas.clientWidth / 2, y - canvas.clientHeight / 2);
	describe(whole.base + Math.floor((frame - whole.base) / view.frames) * view.frames);
	state.foundText = `frame ${hex(frame)} is in the middle`;
	draw();
}

function findOwner(words)
{
	let frames = 0;

	words = words.toLowerCase();
	state.found = new Uint8Array(layerCats.length);
	for (let a = 0; a < layerCats.length; a++)
		state.found[a] = text(a, ATTR.owner).toLowerCase().includes(words) ? 1 : 0;
	for (let i = 0; i < nr; i++)
		if (state.found[attrOf[i]])
			frames += ends[i] - starts[i];
	state.foundText = `${size(frames)} of such an owner, each cell with any of it is marked`;
}

function find(words)
{
	const frame = /^(0x[0-9a-f]+|[0-9]+)$/i.test(words) ? Number(words) : NaN;

	state.found = null;
	state.foundText = '';
	if (frame >= data.start && frame < data.end)
		goTo(frame);
	else if (words)
		findOwner(words);
	draw();
}

/* --------------------------------------------------------------------- people */

let drag = null;

function at(event)
{
	const box = canvas.getBoundingClientRect();

	return [event.clientX - box.left, event.clientY - box.top];
}

canvas.addEventListener('pointermove', event => {
	const [x, y] = at(event);

	if (drag) {
		pan(drag[0] - x, drag[1] - y);
		drag = [x, y];
		return;
	}
	describe(frameOf(Math.floor((view.x + x) / view.px), Math.floor((view.y + y) / view.px)));
});
canvas.addEventListener('pointerdown', event => {
	canvas.setPointerCapture(event.pointerId);
	canvas.classList.add('dragged');
	drag = at(event);
});
for (const name of ['pointerup', 'pointercancel'])
	canvas.addEventListener(name, () => {
		canvas.classList.remove('dragged');
		drag = null;
	});

let turned = 0;
canvas.addEventListener('wheel', event => {
	event.preventDefault();
	/* a touchpad sends many small ones */
	turned += event.deltaMode ? Math.sign(event.deltaY) * 100 : event.deltaY;
	if (Math.abs(turned) < 60)
		return;
	zoom(turned < 0, ...at(event));
	turned = 0;
}, { passive: false });

const middle = () => [canvas.clientWidth / 2, canvas.clientHeight / 2];
const keys = {
	'+': () => zoom(true, ...middle()), '=': () => zoom(true, ...middle()),
	'-': () => zoom(false, ...middle()), '0': fit,
	ArrowLeft: () => pan(-64, 0), ArrowRight: () => pan(64, 0),
	ArrowUp: () => pan(0, -64), ArrowDown: () => pan(0, 64),
	PageUp: () => pan(0, -canvas.clientHeight / 2),
	PageDown: () => pan(0, canvas.clientHeight / 2),
};
document.addEventListener('keydown', event => {
	const typing = /^(INPUT|SELECT)$/.test(event.target.tagName);

	if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key])
		return;
	event.preventDefault();
	keys[event.key]();
});

byId('in').addEventListener('click', keys['+']);
byId('out').addEventListener('click', keys['-']);
byId('fit').addEventListener('click', fit);
byId('layer').addEventListener('change', event => {
	state.layer = event.target.selectedIndex;
	makeLegend();
	draw();
});
byId('curve').addEventListener('change', event => {
	state.curve = event.target.value;
	fit();
});
byId('find').addEventListener('input', event => find(event.target.value.trim()));
new ResizeObserver(fit).observe(byId('view'));

document.title = byId('title').textContent = data.title;
for (const layer of data.layers)
	element(byId('layer'), 'option', layer.name);
byId('layer').selectedIndex = state.layer;
byId('curve').value = state.curve;
makeLegend();
describe(BLANK);
fit();

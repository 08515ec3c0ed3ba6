// A chart: Plotly draws axes, lines and bands; clouds of points are painted on canvases behind them.
//
// Thousands of SVG marks, or WebGL without a graphics card, take seconds; a canvas takes milliseconds. Every painted point can be
// hovered. What Python sends (astroseq_core/app/chart/message.py): the length of a header, the header as JSON, then the
// coordinates of the clouds, float64 offsets in the header and float32 values.
import "./plotly-cartesian.min.js";

const Plotly = window.Plotly;
const HOVER_PX = 12;
// A chart out of sight is drawn this late at most [ms].
const LATEST_MS = 2000;
// All points are asked for when a view has been still for so long [ms], and has no more of them than this in all panels.
const STILL_MS = 250;
const MOST_POINTS = 100_000;
const FADED = 0.72;

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".astroseq-chart") ?? makePlace(parentElement);
  const chart = (place.chart ??= new Chart(place));
  chart.onPoint = (point) => setTriggerValue("point", point);
  chart.onRange = (range) => setTriggerValue("range", range);
  chart.showSoon(unpack(data));
  return () => {
    chart.remove();
    place.remove();
  };
}

function makePlace(parent) {
  const place = document.createElement("div");
  place.className = "astroseq-chart";
  parent.appendChild(place);
  return place;
}

function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let begin = 4 + length;
  const take = (count) => {
    const values = new Float32Array(bytes.slice(begin, begin + 4 * count).buffer);
    begin += 4 * count;
    return values;
  };
  for (const cloud of header.clouds) {
    cloud.x = cloud.same_x >= 0 ? header.clouds[cloud.same_x].x : take(cloud.count);
    cloud.y = take(cloud.count);
  }
  return header;
}

class Chart {
  constructor(place) {
    this.place = place;
    this.div = place.appendChild(document.createElement("div"));
    this.tip = place.appendChild(document.createElement("div"));
    this.tip.className = "astroseq-chart-tip";
    this.ring = place.appendChild(document.createElement("div"));
    this.ring.className = "astroseq-chart-ring";
    this.canvases = new Map();
    this.clouds = [];
    this.div.addEventListener("mousemove", (event) => this.hover(event));
    this.div.addEventListener("mouseleave", () => this.hideTip());
    this.theme = new MutationObserver(() => this.restyle());
    this.theme.observe(document.head, { childList: true, subtree: true });
  }

  // A chart that cannot be seen waits until the browser has nothing else to do.
  showSoon(content) {
    cancelIdleCallback(this.waiting);
    const box = this.place.getBoundingClientRect();
    if (box.top < innerHeight && box.bottom > 0) return this.show(content);
    this.place.style.minHeight = `${content.figure.layout.height}px`;
    this.waiting = requestIdleCallback(() => this.show(content), { timeout: LATEST_MS });
  }

  remove() {
    cancelIdleCallback(this.waiting);
    this.theme.disconnect();
    Plotly.purge(this.div);
  }

  show(content) {
    this.content = content;
    this.clouds = content.clouds;
    this.colors = this.themeColors();
    this.place.setAttribute("role", "img");
    this.place.setAttribute("aria-label", content.alt);
    this.place.style.minHeight = `${content.figure.layout.height}px`;
    const { data, layout } = this.styled(content.figure);
    const first = !this.div.classList.contains("js-plotly-plot");
    Plotly.react(this.div, data, layout, this.configuration());
    if (first) {
      this.div.on("plotly_click", (event) => this.click(event));
      this.div.on("plotly_afterplot", () => this.paint());
      this.div.on("plotly_relayouting", () => this.paint());
      this.div.on("plotly_relayout", () => this.askForAll());
      this.paint();
    }
  }

  themeColors() {
    const style = getComputedStyle(this.place);
    return {
      text: style.getPropertyValue("--st-text-color").trim() || style.color,
      back: style.getPropertyValue("--st-background-color").trim() || "#fff",
      font: style.getPropertyValue("--st-font").trim() || style.fontFamily,
    };
  }

  restyle() {
    const now = this.themeColors();
    if (this.content && (now.text !== this.colors.text || now.back !== this.colors.back)) this.show(this.content);
  }

  styled(figure) {
    const { text, back, font } = this.colors;
    const layout = structuredClone(figure.layout);
    const faded = withOpacity(text, FADED);
    layout.font = { ...layout.font, color: text, family: font };
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.hoverlabel = { bgcolor: back, bordercolor: faded, font: { color: text, family: font }, ...layout.hoverlabel };
    for (const [name, axis] of Object.entries(layout)) {
      if (!/^[xy]axis\d*$/.test(name)) continue;
      axis.tickfont = { color: faded, ...axis.tickfont };
      axis.title = { ...axis.title, font: { color: faded, ...axis.title?.font } };
    }
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: withOpacity(text, 0.45), activecolor: text, ...layout.modebar };
    layout.template = { layout: {}, data: {} };
    return { data: figure.data, layout };
  }

  // ---- points

  paint() {
    const layout = this.div._fullLayout;
    const inside = this.div.querySelector(".svg-container");
    if (!layout || !inside) return;
    const used = new Set();
    for (const [name, clouds] of Object.entries(Object.groupBy(this.clouds, (c) => `${c.xaxis} ${c.yaxis}`))) {
      const [xa, ya] = axes(layout, clouds[0]);
      if (!xa || !ya) continue;
      used.add(name);
      let canvas = this.canvases.get(name);
      if (!canvas) {
        canvas = document.createElement("canvas");
        canvas.className = "astroseq-chart-points";
        this.canvases.set(name, canvas);
      }
      if (canvas.parentElement !== inside) inside.prepend(canvas);
      paintClouds(canvas, clouds, xa, ya);
    }
    for (const [name, canvas] of this.canvases)
      if (!used.has(name)) {
        canvas.remove();
        this.canvases.delete(name);
      }
  }

  // Where some cadences of what is looked at were left out, all of them are asked for.
  askForAll() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      for (const name of new Set(this.clouds.map((cloud) => cloud.xaxis))) {
        const xa = axes(this.div._fullLayout, { xaxis: name, yaxis: "y" })[0];
        if (!xa) continue;
        const [low, high] = [Math.min(...xa.range), Math.max(...xa.range)];
        let [seen, missing] = [0, 0];
        for (const cloud of this.clouds.filter((one) => one.xaxis === name)) {
          const [first, last] = [cloud.x0 + cloud.x[0], cloud.x0 + cloud.x[cloud.count - 1]];
          const part = Math.max(0, Math.min(high, last) - Math.max(low, first)) / (last - first || 1);
          seen += part * cloud.total;
          const known = cloud.whole && cloud.whole[0] <= Math.max(low, first) && Math.min(high, last) <= cloud.whole[1];
          if (!known) missing += part * (cloud.total - cloud.count);
        }
        const reach = (high - low) / 2;
        if (missing >= 1 && seen < MOST_POINTS) return this.onRange([low - reach, high + reach]);
      }
    }, STILL_MS);
  }

  hover(event) {
    const layout = this.div._fullLayout;
    if (!layout || event.buttons) return this.hideTip();
    const box = this.div.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    for (const cloud of this.clouds) {
      if (!cloud.hover) continue;
      const [xa, ya] = axes(layout, cloud);
      if (!xa || !ya) continue;
      const inside = at[0] >= xa._offset && at[0] <= xa._offset + xa._length && at[1] >= ya._offset && at[1] <= ya._offset + ya._length;
      if (!inside) continue;
      const found = nearest(cloud, xa, ya, at);
      if (found && (!best || found.distance < best.distance)) best = { ...found, cloud };
    }
    if (!best) return this.hideTip();
    this.tip.replaceChildren(...tipLines(best.cloud, best.index).map((line) => Object.assign(document.createElement("div"), { textContent: line })));
    const left = best.x + 14 + this.tip.offsetWidth > box.width ? best.x - 14 - this.tip.offsetWidth : best.x + 14;
    Object.assign(this.tip.style, { visibility: "visible", left: `${left}px`, top: `${Math.max(0, best.y - 12)}px` });
    Object.assign(this.ring.style, { visibility: "visible", left: `${best.x}px`, top: `${best.y}px` });
  }

  hideTip() {
    this.tip.style.visibility = this.ring.style.visibility = "hidden";
  }

  click(event) {
    const point = event.points?.[0];
    if (point?.customdata === undefined) return;
    this.onPoint({ group: point.data.legendgroup ?? "", customdata: [...point.customdata] });
  }

  // ---- saved pictures

  // The same object for the same content: for another one Plotly would draw everything anew and forget the view.
  configuration() {
    const config = this.content.config ?? {};
    const words = JSON.stringify(config);
    if (words !== this.configured) {
      this.configured = words;
      this.config = { responsive: true, ...config, ...this.buttons(config) };
    }
    return this.config;
  }

  buttons(config) {
    const save = (format) => ({
      name: `save ${format}`,
      title: `Save as ${format.toUpperCase()}`,
      icon: Plotly.Icons[format === "png" ? "camera" : "disk"],
      click: () => this.save(format),
    });
    return {
      modeBarButtonsToRemove: [...(config.modeBarButtonsToRemove ?? []), "toImage"],
      modeBarButtonsToAdd: [save("png"), save("svg")],
    };
  }

  async save(format) {
    const full = this.div._fullLayout;
    const images = [...this.canvases.values()].map((canvas) => ({
      source: canvas.toDataURL(),
      xref: "paper",
      yref: "paper",
      x: (canvas.offsetLeft - full._size.l) / full._size.w,
      y: 1 - (canvas.offsetTop - full._size.t) / full._size.h,
      sizex: canvas.offsetWidth / full._size.w,
      sizey: canvas.offsetHeight / full._size.h,
      sizing: "stretch",
      layer: "below",
    }));
    const layout = { ...this.div.layout, images, paper_bgcolor: this.colors.back };
    const size = { width: full.width, height: full.height };
    const url = await Plotly.toImage({ data: this.div.data, layout }, { format, scale: 2, ...size });
    Object.assign(document.createElement("a"), { href: url, download: `${this.content.file || "chart"}.${format}` }).click();
  }
}

function axes(layout, cloud) {
  const find = (id) => layout[`${id[0]}axis${id.slice(1)}`];
  return [find(cloud.xaxis), find(cloud.yaxis)];
}

// How many of the sorted values are below a limit.
function below(values, limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function paintClouds(canvas, clouds, xa, ya) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.max(1, Math.round(xa._length * ratio)), Math.max(1, Math.round(ya._length * ratio))];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  Object.assign(canvas.style, { left: `${xa._offset}px`, top: `${ya._offset}px`, width: `${xa._length}px`, height: `${ya._length}px` });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, width, height);
  const looks = Object.groupBy(clouds, (c) => `${c.color} ${c.opacity} ${c.size}`);
  for (const same of Object.values(looks)) {
    // what light is left after the points of a pixel
    const left = new Float32Array(width * height).fill(1);
    for (const cloud of same) stamp(left, width, height, cloud, xa.range, ya.range, ratio);
    const layer = context.getImageData(0, 0, width, height);
    const [red, green, blue] = rgb(same[0].color);
    for (let i = 0, p = 0; i < left.length; i++, p += 4) {
      const alpha = 1 - left[i];
      if (alpha === 0) continue;
      const under = (layer.data[p + 3] / 255) * (1 - alpha);
      const whole = alpha + under;
      layer.data[p] = (red * alpha + layer.data[p] * under) / whole;
      layer.data[p + 1] = (green * alpha + layer.data[p + 1] * under) / whole;
      layer.data[p + 2] = (blue * alpha + layer.data[p + 2] * under) / whole;
      layer.data[p + 3] = 255 * whole;
    }
    context.putImageData(layer, 0, 0);
  }
}

function stamp(left, width, height, cloud, xRange, yRange, ratio) {
  const [x0, x1] = xRange.map((v) => v - cloud.x0);
  const [y0, y1] = yRange;
  const [xScale, yScale] = [width / (x1 - x0), height / (y1 - y0)];
  const radius = Math.max(0.5, (cloud.size / 2) * ratio);
  const reach = radius + 0.5; // the edge of a disk is soft
  const [begin, end] = [below(cloud.x, Math.min(x0, x1)), below(cloud.x, Math.max(x0, x1))];
  for (let i = begin; i < end; i++) {
    const cx = (cloud.x[i] - x0) * xScale - 0.5;
    const cy = height - (cloud.y[i] - y0) * yScale - 0.5;
    if (!(cy > -radius - 1 && cy < height + radius)) continue;
    const top = Math.max(0, Math.ceil(cy - reach));
    const bottom = Math.min(height - 1, Math.floor(cy + reach));
    const first = Math.max(0, Math.ceil(cx - reach));
    const last = Math.min(width - 1, Math.floor(cx + reach));
    for (let row = top; row <= bottom; row++) {
      const across = (row - cy) * (row - cy);
      for (let column = first; column <= last; column++) {
        const covered = reach - Math.sqrt((column - cx) * (column - cx) + across);
        if (covered > 0) left[row * width + column] *= 1 - cloud.opacity * Math.min(1, covered);
      }
    }
  }
}

function nearest(cloud, xa, ya, at) {
  const [x0, x1] = xa.range.map((v) => v - cloud.x0);
  const [y0, y1] = ya.range;
  const [xScale, yScale] = [xa._length / (x1 - x0), ya._length / (y1 - y0)];
  const middle = x0 + (at[0] - xa._offset) / xScale;
  const reach = HOVER_PX / Math.abs(xScale);
  let best = null;
  for (let i = below(cloud.x, middle - reach); i < cloud.x.length && cloud.x[i] <= middle + reach; i++) {
    const x = xa._offset + (cloud.x[i] - x0) * xScale;
    const y = ya._offset + ya._length - (cloud.y[i] - y0) * yScale;
    if (y < ya._offset || y > ya._offset + ya._length) continue;
    const distance = Math.hypot(x - at[0], y - at[1]);
    if (distance <= HOVER_PX && (!best || distance < best.distance)) best = { distance, x, y, index: i };
  }
  return best;
}

// Lines of a tip: the template of the trace, with %{date}, %{x:.4f} and %{y:.3f}.
function tipLines(cloud, index) {
  const x = cloud.x0 + cloud.x[index];
  const values = { x, y: cloud.y[index] };
  const date = () => new Date((x + cloud.zero_bjd - 2440587.5) * 86400e3).toISOString().slice(0, 10);
  return cloud.hover.split("<br>").map((line) =>
    line.replace(/%\{(date|[xy])(?::\.(\d)f)?\}/g, (_, name, digits) => (name === "date" ? date() : values[name].toFixed(digits ?? 3))),
  );
}

function rgb(color) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = color;
  const plain = context.fillStyle;
  if (plain.startsWith("#")) return [1, 3, 5].map((i) => parseInt(plain.slice(i, i + 2), 16));
  return plain.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function withOpacity(color, opacity) {
  return `rgba(${rgb(color).join(",")},${opacity})`;
}

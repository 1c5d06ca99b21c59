// An explanation of a compiled model as one page: a graph of launches to click on, with all that is known of
// each.
#include "Explained.h"

#include <algorithm>
#include <cstdio>

namespace tegula::tools {

namespace {

/// Text between tags and in attributes: no name can begin a tag or end an attribute.
std::string escaped(const std::string &text) {
  std::string result;
  for (char c : printable(text))
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  return result;
}

/// JSON that cannot end the script element that it stands in.
std::string inScript(const std::string &json) {
  std::string result;
  for (char c : json)
    result += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : c == '&' ? "\\u0026" : std::string(1, c);
  return result;
}

constexpr int boxWidth = 210, boxHeight = 42, columnWidth = 240, rowHeight = 74, margin = 20;

struct Place {
  int column = 0, row = 0;
};

/// Each launch below all whose results it reads, side by side where nothing orders them.
std::vector<Place> layOut(const Explanation &explanation, int &columns, int &rows) {
  std::vector<Place> places(explanation.launches.size());
  std::vector<int> used;
  for (size_t i = 0; i < places.size(); ++i) {
    for (int64_t before : explanation.launches[i].after)
      places[i].row = std::max(places[i].row, places[size_t(before)].row + 1);
    used.resize(std::max<size_t>(used.size(), size_t(places[i].row) + 1));
    places[i].column = used[size_t(places[i].row)]++;
  }
  rows = int(used.size());
  columns = used.empty() ? 0 : *std::max_element(used.begin(), used.end());
  return places;
}

/// Pale to red, by a launch's part of the longest.
std::string heat(double part) {
  char text[32];
  int cool = 245 - int(165 * std::clamp(part, 0.0, 1.0));
  std::snprintf(text, sizeof text, "#ff%02x%02x", cool, std::max(60, cool - 25));
  return text;
}

std::string shortened(const std::string &text, size_t most) {
  if (text.size() <= most)
    return text;
  most -= 2;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) // no character is cut
    --most;
  return text.substr(0, most) + "..";
}

std::string number(int value) { return std::to_string(value); }

std::string edgeSvg(const Place &from, const Place &to) {
  int x1 = margin + from.column * columnWidth + boxWidth / 2, y1 = margin + from.row * rowHeight + boxHeight;
  int x2 = margin + to.column * columnWidth + boxWidth / 2, y2 = margin + to.row * rowHeight;
  // What passes others by does so beside them.
  int aside = to.row - from.row > 1 ? std::min(boxWidth, boxWidth / 2 + 8 * (to.row - from.row)) : 0;
  int bend = aside ? rowHeight / 2 : (y2 - y1) / 2;
  return "<path d=\"M" + number(x1) + " " + number(y1) + " C" + number(x1 + aside) + " " + number(y1 + bend) +
         " " + number(x2 + aside) + " " + number(y2 - bend) + " " + number(x2) + " " + number(y2) + "\"/>\n";
}

std::string boxSvg(const Explained &explained, size_t launch, const Place &place, double part) {
  const Explanation::Launch &which = explained.explanation.launches[launch];
  const Explanation::Kernel &kernel = explained.kernelOf(which);
  double measured = explained.measuredMicroseconds(launch);
  std::string predicted = timeText(kernel.microseconds * timesOf(which)),
              time = measured > 0 ? timeText(measured) + " (predicted " + predicted + ")"
                                  : predicted + ", " + kernel.bound;
  int x = margin + place.column * columnWidth, y = margin + place.row * rowHeight;
  return "<g class=\"launch\" tabindex=\"0\" role=\"button\" data-launch=\"" + std::to_string(launch) +
         "\" transform=\"translate(" + number(x) + " " + number(y) + ")\"><title>" + escaped(kernel.name) +
         "</title><rect width=\"" + number(boxWidth) + "\" height=\"" + number(boxHeight) +
         "\" rx=\"6\" fill=\"" + heat(part) + "\"/><text x=\"8\" y=\"17\">" +
         escaped(
             shortened(kernel.name + (which.nodes.empty() ? "" : " " + printable(which.nodes.front())), 30)) +
         "</text><text class=\"time\" x=\"8\" y=\"34\">" + escaped(time) + "</text></g>\n";
}

std::string graphSvg(const Explained &explained) {
  const Explanation &all = explained.explanation;
  int columns = 0, rows = 0;
  std::vector<Place> places = layOut(all, columns, rows);
  auto timeOf = [&](size_t launch) {
    double measured = explained.measuredMicroseconds(launch);
    const Explanation::Launch &which = all.launches[launch];
    return measured > 0 ? measured : explained.kernelOf(which).microseconds * timesOf(which);
  };
  double longest = 1e-9;
  for (size_t i = 0; i < places.size(); ++i)
    longest = std::max(longest, timeOf(i));
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                    number(2 * margin + columns * columnWidth) + "\" height=\"" +
                    number(2 * margin + rows * rowHeight) + "\">\n<g class=\"edges\">\n";
  for (size_t i = 0; i < places.size(); ++i)
    for (int64_t before : all.launches[i].after)
      svg += edgeSvg(places[size_t(before)], places[i]);
  svg += "</g>\n";
  for (size_t i = 0; i < places.size(); ++i)
    svg += boxSvg(explained, i, places[i], timeOf(i) / longest);
  return svg + "</svg>\n";
}

constexpr const char *style = R"(
body { margin: 0; font: 14px system-ui, sans-serif; color: #222; display: flex; height: 100vh; }
#graph { flex: 1; overflow: auto; background: #fafafa; }
#details { width: 34em; overflow: auto; padding: 0 1em 2em; border-left: 1px solid #ccc; }
h1 { font-size: 20px; } h1, h2, p { overflow-wrap: anywhere; }
#details pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f3f3f3; padding: .5em; }
td, th { text-align: left; vertical-align: top; padding: .15em .6em .15em 0; overflow-wrap: anywhere; }
.edges path { fill: none; stroke: #999; }
.launch { cursor: pointer; } .launch rect { stroke: #888; } .launch .time { font-size: 11px; fill: #555; }
.launch:focus { outline: none; } .launch:focus rect, .launch.chosen rect { stroke: #06c; stroke-width: 2.5; }
)";

// Writes text only: what a model calls its nodes never becomes markup.
constexpr const char *script = R"(
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const details = document.getElementById('details');
function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}
function scaled(value, step, units) {
  let unit = 0;
  while (value >= step && unit + 1 < units.length) { value /= step; ++unit; }
  return (unit ? value.toFixed(1) : String(Math.round(value))) + ' ' + units[unit];
}
const bytes = value => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
const flops = value => scaled(value, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP']);
const time = value => value < 1000 ? value.toFixed(1) + ' us' : (value / 1000).toFixed(2) + ' ms';
function row(table, name, value) {
  const line = element('tr', undefined, table);
  element('th', name, line);
  element('td', value, line);
}
function keptApart(launch) {
  const nodes = new Set(launch.nodes);
  return data.kept_apart.filter(edge => nodes.has(edge.producer) || nodes.has(edge.consumer));
}
function showCost(table, launch, kernel) {
  row(table, 'predicted', time(kernel.predicted_us) + ', bound by ' + kernel.bound);
  if (launch.measured_us)
    row(table, 'measured', time(launch.measured_us) +
        (launch.roof_share ? ', ' + (100 * launch.roof_share).toFixed(0) + ' % of the roof' : ''));
  row(table, 'computing', time(kernel.compute_us) + ', ' + flops(kernel.flops));
  row(table, 'moving', time(kernel.traffic_us) + ', ' + bytes(kernel.tensor_bytes) + ' of tensors');
  const levels = kernel.level_bytes;
  row(table, 'moved from', 'L1 ' + bytes(levels.l1) + ', L2 ' + bytes(levels.l2) + ', L3 ' +
      bytes(levels.l3) + ', memory ' + bytes(levels.memory));
  row(table, 'cells', String(kernel.cells));
  if (launch.flops_formula)
    row(table, 'open sizes', launch.flops_formula + ' FLOP, ' + launch.bytes_formula + ' bytes');
  else if (kernel.open)
    row(table, 'open sizes', 'assumed');
}
function show(number) {
  const launch = data.launches[number], kernel = data.kernels[launch.kernel];
  details.replaceChildren();
  element('h2', kernel.name, details);
  const table = element('table', undefined, details);
  row(table, 'nodes', launch.nodes.join(', '));
  if (launch.steps !== 1)
    row(table, 'launched', launch.steps < 0 ? 'once a step, as many as a run takes' : launch.steps + ' times');
  if (launch.sizes) row(table, 'for', launch.sizes);
  if (kernel.operations.length) row(table, 'holds', kernel.operations.join(', '));
  if (kernel.bytes_not_stored && kernel.bytes_not_stored !== '0')
    row(table, 'not stored', kernel.bytes_not_stored + ' bytes');
  if (launch.inputs.length) row(table, 'reads inputs', launch.inputs.join(', '));
  showCost(table, launch, kernel);
  element('h3', 'Schedule', details);
  element('pre', kernel.schedule || 'none: plain loops', details);
  if (kernel.runner_up) {
    element('h3', 'Runner-up of ' + kernel.considered, details);
    element('pre', kernel.runner_up, details);
    element('p', kernel.runner_up_cycles + ' cycles against ' + kernel.cycles, details);
  }
  if (kernel.note) element('p', 'because ' + kernel.note, details);
  const apart = keptApart(launch);
  if (apart.length) element('h3', 'Kept apart', details);
  for (const edge of apart)
    element('p', (edge.producer || edge.producer_op) + ' \u2192 ' + (edge.consumer || edge.consumer_op) + ', ' +
        edge.bytes + ' bytes: ' + edge.reason, details);
  for (const other of document.querySelectorAll('.launch'))
    other.classList.toggle('chosen', other.dataset.launch === String(number));
}
for (const box of document.querySelectorAll('.launch')) {
  box.addEventListener('click', () => show(Number(box.dataset.launch)));
  box.addEventListener('keydown', event => { if (event.key === 'Enter') show(Number(box.dataset.launch)); });
}
)";

/// What stands beside the graph until a launch is chosen.
std::string summaryHtml(const Explained &explained) {
  const Explanation &all = explained.explanation;
  std::string html = "<h1>" + escaped(explained.model) + "</h1>\n<p>for " + escaped(all.target) + ": " +
                     std::to_string(all.launches.size()) + " launches of " +
                     std::to_string(all.kernels.size()) + " kernels, predicted " +
                     timeText(explained.predictedMicroseconds()) + " a run" + stepsText(all);
  if (const Measured *measured = explained.measured)
    html += ", measured " + timeText(measured->runMicroseconds) + " on " + std::to_string(measured->threads) +
            " threads";
  return html + ".</p>\n<p>Choose a launch to see what it holds, what it costs and what was decided.</p>\n";
}

} // namespace

std::string explainAsHtml(const Explained &explained) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'; "
         "script-src 'unsafe-inline'\">\n<title>" +
         escaped(explained.model) + "</title>\n<style>" + style +
         "</style>\n</head>\n<body>\n<div id=\"graph\">\n" + graphSvg(explained) +
         "</div>\n<div id=\"details\">\n" + summaryHtml(explained) +
         "</div>\n<script id=\"data\" type=\"application/json\">" + inScript(explainAsJson(explained)) +
         "</script>\n<script>" + script + "</script>\n</body>\n</html>\n";
}

} // namespace tegula::tools

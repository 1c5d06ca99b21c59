// Implements the minimum cut by Dinic's algorithm; graphs here have thousands of nodes at most.
#include "MinimumCut.h"

#include <algorithm>

namespace tegula::graph {

void MinimumCut::addEdge(int from, int to, int64_t capacity) {
  edges[from].push_back({to, static_cast<int>(edges[to].size()), capacity});
  edges[to].push_back({from, static_cast<int>(edges[from].size()) - 1, 0});
}

bool MinimumCut::findLevels() {
  level.assign(edges.size(), -1);
  level[source] = 0;
  std::vector<int> queue = {source};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Edge &edge : edges[queue[i]])
      if (edge.capacity > 0 && level[edge.to] < 0) {
        level[edge.to] = level[queue[i]] + 1;
        queue.push_back(edge.to);
      }
  return level[sink] >= 0;
}

/// Sends up to `flow` from the source to the sink along one path of rising levels. Iterative: paths are as
/// long as the model is deep.
int64_t MinimumCut::push(int start, int64_t flow) {
  std::vector<Edge *> path;
  int node = start;
  while (node != sink) {
    bool advanced = false;
    for (size_t &i = next[node]; i < edges[node].size(); ++i) {
      Edge &edge = edges[node][i];
      if (edge.capacity > 0 && level[edge.to] == level[node] + 1) {
        path.push_back(&edge);
        node = edge.to;
        advanced = true;
        break;
      }
    }
    if (advanced)
      continue;
    if (path.empty())
      return 0;
    level[node] = -1;
    node = edges[path.back()->to][path.back()->reverse].to;
    path.pop_back();
  }
  for (Edge *edge : path)
    flow = std::min(flow, edge->capacity);
  for (Edge *edge : path) {
    edge->capacity -= flow;
    edges[edge->to][edge->reverse].capacity += flow;
  }
  return flow;
}

void MinimumCut::solve() {
  while (findLevels()) {
    next.assign(edges.size(), 0);
    while (push(source, infinite) > 0) {
    }
  }
  // Backwards from the sink over edges with capacity left.
  reachesSink.assign(edges.size(), false);
  reachesSink[sink] = true;
  std::vector<int> queue = {sink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Edge &edge : edges[queue[i]])
      if (edges[edge.to][edge.reverse].capacity > 0 && !reachesSink[edge.to]) {
        reachesSink[edge.to] = true;
        queue.push_back(edge.to);
      }
}

} // namespace tegula::graph

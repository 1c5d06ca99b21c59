// Finds the cheapest way to split a graph in two, because the choice of a layout for every value is such a
// split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tegula::graph {

/// A directed graph with capacities between two given nodes (Dinic's algorithm).
class MinimumCut {
public:
  static constexpr int source = 0, sink = 1;
  static constexpr int64_t infinite = std::numeric_limits<int64_t>::max() / 4;

  MinimumCut() : edges(2) {}
  int addNode() {
    edges.emplace_back();
    return static_cast<int>(edges.size()) - 1;
  }
  /// Separating `from` (source side) from `to` (sink side) costs `capacity`.
  void addEdge(int from, int to, int64_t capacity);
  /// Solves; afterwards a node is on the sink side only if every cheapest cut puts it there.
  void solve();
  bool isSourceSide(int node) const { return !reachesSink[node]; }

private:
  struct Edge {
    int to, reverse;
    int64_t capacity;
  };
  bool findLevels();
  int64_t push(int node, int64_t flow);

  std::vector<std::vector<Edge>> edges;
  std::vector<int> level;
  std::vector<std::size_t> next;
  std::vector<bool> reachesSink;
};

} // namespace tegula::graph

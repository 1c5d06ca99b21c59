// Measures what this machine can do at this moment, because tables know neither its clock nor its neighbours.
#pragma once

namespace tegula::tools {

struct Roof {
  double flops =
      0; ///< float32 operations a second, multiply-adds as two; 0 where this CPU cannot be measured
  double bytes = 0; ///< bytes read from memory a second
};

/// Takes about a fifth of a second, on `threads` threads. `wide`: with vectors of 64 bytes, which the CPU
/// must have, else with those of 32.
Roof measureRoof(int threads, bool wide);

} // namespace tegula::tools

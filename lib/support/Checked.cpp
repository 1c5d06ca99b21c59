// Instantiates nothing: keeps the support room a library while its headers are small.
#include "tegula/support/Checked.h"

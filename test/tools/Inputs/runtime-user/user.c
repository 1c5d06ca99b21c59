/* Loads an artifact and says what its inputs are called, or why it cannot be loaded. */
#include <stdio.h>
#include <tegula/runtime.h>

int main(int argc, char **argv) {
  tgl_model *model = NULL;
  tgl_status status = {0};
  tgl_tensor_info info;
  if (argc != 2 || tgl_model_load_file(argv[1], &model, &status) != TGL_OK) {
    fprintf(stderr, "user: %s\n", status.text);
    return 1;
  }
  for (int i = 0; i < tgl_model_input_count(model); ++i)
    if (tgl_model_input(model, i, &info, &status) == TGL_OK)
      printf("input %s of rank %d\n", info.name, info.rank);
  tgl_model_free(model);
  return 0;
}

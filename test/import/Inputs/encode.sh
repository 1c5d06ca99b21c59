#!/bin/sh
# Usage: encode.sh SOURCE FOLDER: turns each text file of a folder into the ONNX file of that name, so that tests show the models they read.
set -eu
for text in "$2"/*; do
  case $text in
  *.onnx | *.sh) continue ;;
  esac
  if [ -f "$text" ]; then
    protoc --encode=tegula.onnx.ModelProto -I "$1/lib/import" onnx.proto < "$text" > "$text.onnx"
  fi
done

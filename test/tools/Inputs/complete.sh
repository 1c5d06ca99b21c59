# Prints what bash would complete: complete.sh SCRIPT WORD...; the last word is the one at the cursor.
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tegula
printf '%s\n' "${COMPREPLY[@]}"

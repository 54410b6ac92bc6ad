#!/usr/bin/env bash
# Runs specguard check with the action's inputs.
set -uo pipefail

arguments=(check --policy-dir "$POLICIES" --fail-on "$FAIL_ON" --output "$OUTPUT")
if [[ $STRICT == true ]]; then
  arguments+=(--strict)
fi
arguments+=(--)
while IFS= read -r path; do
  if [[ -n $path ]]; then
    arguments+=("$path")
  fi
done <<<"$CHECK_PATHS"

status=0
if [[ -n $OUTPUT_FILE ]]; then
  "${SPECGUARD:-specguard}" "${arguments[@]}" >"$OUTPUT_FILE" || status=$?
else
  "${SPECGUARD:-specguard}" "${arguments[@]}" || status=$?
fi
echo "exit-status=$status" >>"$GITHUB_OUTPUT"
exit "$status"

/** commands/completion/bash.ts: the completion script for bash, from 3.2 on, which macOS still has. */
import { branches, valuedOptions } from './contexts.js';
import { type Model, SOURCES } from './model.js';

/** @returns a script to source */
export function bashCompletion(model: Model): string {
  const { program } = model;
  return `# Completion of ${program} for bash: eval "$(${program} completion bash)"
_${program}() {
  # bash splits words at colons, which addresses contain: the line is split anew.
  local line="\${COMP_LINE:0:COMP_POINT}" command= admin= prev= due= names= word
  local cur="\${line##*[[:space:]]}"
  local -a typed
  read -r -a typed <<< "\${line%"$cur"}"
  for word in "\${typed[@]:1}"; do
    if [ -n "$due" ]; then
      [ "$prev" = --admin ] && admin="$word"
      due=
    else
      case "$word" in
        ${valuedOptions(model)}) due=1 ;;
        -*) ;;
        *) [ -z "$command" ] && command="$word" ;;
      esac
    fi
    prev="$word"
  done
  local context="$command"
  if [ -n "$due" ]; then context="$command $prev"; elif [[ $cur == -* ]]; then context="$command -"; fi
  case "$context" in
${branches(model)}
  esac
  COMPREPLY=()
  case "$names" in
    files)
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -- "$cur"))
      return ;;
    ${SOURCES.join('|')}) names="$(${program} completion-words "$names" \${admin:+--admin "$admin"} 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$names" -- "$cur"))
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before="\${cur%"\${cur##*:}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
complete -F _${program} ${program}
`;
}

/** commands/completion/zsh.ts: the completion script for zsh. */
import { branches, valuedOptions } from './contexts.js';
import { type Model, SOURCES } from './model.js';

/** @returns a script to source, or to install as `_roundhouse` in a directory of `fpath` */
export function zshCompletion(model: Model): string {
  const { program, commands } = model;
  const described = commands.map(({ name, description }) => `'${name}:${quoted(description)}'`).join(' ');
  return `#compdef ${program}
# Completion of ${program} for zsh: eval "$(${program} completion zsh)"
_${program}() {
  local command= admin= prev= due= names= word cur="\${words[CURRENT]}"
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $due ]]; then
      [[ $prev == --admin ]] && admin="$word"
      due=
    else
      case "$word" in
        ${valuedOptions(model)}) due=1 ;;
        -*) ;;
        *) [[ -z $command ]] && command="$word" ;;
      esac
    fi
    prev="$word"
  done
  local context="$command"
  if [[ -n $due ]]; then context="$command $prev"; elif [[ $cur == -* ]]; then context="$command -"; fi
  if [[ -z $context ]]; then
    local -a commands=(${described})
    _describe command commands
    return
  fi
  case "$context" in
${branches(model)}
  esac
  case "$names" in
    files) _files; return ;;
    ${SOURCES.join('|')}) names="$(${program} completion-words "$names" \${admin:+--admin "$admin"} 2>/dev/null)" ;;
  esac
  compadd -- \${=names}
}
if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function quoted(text: string): string {
  return text.replaceAll("'", `'\\''`);
}

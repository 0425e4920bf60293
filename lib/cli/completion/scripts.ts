/**
 * Shell scripts that call the program at each press of Tab. Typed text and candidates are passed as data and never
 * evaluated; the program gets no stdin, and its stderr is discarded.
 */

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = (typeof SHELLS)[number];

/** Works in bash 3.2 and later. Versions without `nosort` or `compopt` sort the candidates and complete no files. */
const BASH = `# bash completion of pw-workflow-runner
_pw_workflow_runner() {
  local program=\${COMP_WORDS[0]} reply
  [[ $program == */* && -x $program ]] || program=pw-workflow-runner
  COMPREPLY=()
  while IFS= read -r reply; do
    if [[ $reply == :files ]]; then
      compopt +o nospace -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("$reply")
  done < <("$program" __complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" </dev/null 2>/dev/null)
}
complete -o nosort -o nospace -F _pw_workflow_runner pw-workflow-runner 2>/dev/null ||
  complete -o nospace -F _pw_workflow_runner pw-workflow-runner
`;

/** Works as a file in a folder of fpath, and with `source` after compinit. */
const ZSH = `#compdef pw-workflow-runner
# zsh completion of pw-workflow-runner
_pw-workflow-runner() {
  local program=$words[1] kind text display expl
  local -a full full_display partial partial_display
  [[ $program == */* && -x $program ]] || program=pw-workflow-runner
  while IFS=$'\\t' read -r kind text display; do
    case $kind in
      (:files) _files; return ;;
      (full) full+=("$text"); full_display+=("\${display[1,COLUMNS-1]}") ;;
      (partial) partial+=("$text"); partial_display+=("\${display[1,COLUMNS-1]}") ;;
    esac
  done < <("$program" __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" </dev/null 2>/dev/null)
  local found=1
  (( $#partial )) && _wanted -V inputs expl input compadd -l -S '' -d partial_display -a partial && found=0
  (( $#full )) && _wanted -V words expl word compadd -l -d full_display -a full && found=0
  return found
}
if [[ $funcstack[1] == _pw-workflow-runner ]]; then
  _pw-workflow-runner "$@"
elif (( $+functions[compdef] )); then
  compdef _pw-workflow-runner pw-workflow-runner
fi
`;

const FISH = `# fish completion of pw-workflow-runner
function __pw_workflow_runner_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program pw-workflow-runner
    string match -q '*/*' -- $words[1]; and test -x "$words[1]"; and set program $words[1]
    set -e words[1]
    set -l lines ($program __complete fish -- $words "$current" </dev/null 2>/dev/null)
    if test "$lines[1]" = :files
        complete -C "'' $current"
    else if set -q lines[1]
        printf '%s\\n' $lines
    end
end
complete -c pw-workflow-runner -e
complete -c pw-workflow-runner -f -k -a '(__pw_workflow_runner_complete)'
`;

/**
 * Works in Windows PowerShell 5.1 and later. The words are one encoded argument: versions before 7.3 lose empty arguments
 * and quotes.
 */
const POWERSHELL = `# PowerShell completion of pw-workflow-runner
Register-ArgumentCompleter -Native -CommandName 'pw-workflow-runner' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $program = 'pw-workflow-runner'
    $typed = $commandAst.GetCommandName()
    if ($typed -match '[/\\\\]' -and (Get-Command $typed -ErrorAction Ignore)) { $program = $typed }
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    $words += $wordToComplete
    $line = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($words -join [char]0))
    $encoding = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [Text.Encoding]::UTF8
        @() | & $program __complete powershell -- $line 2>$null | ForEach-Object {
            $text, $label, $description = $_ -split [char]9
            [System.Management.Automation.CompletionResult]::new($text, $label, 'ParameterValue', $description)
        }
    } finally {
        [Console]::OutputEncoding = $encoding
    }
}
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };

package strict

import (
	"regexp"
	"strconv"
)

// yamlLine finds the line in a message of the YAML parser.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// SyntaxError gives an error of the YAML parser its place. The parser tells no
// column.
func SyntaxError(err error) Error {
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1]) // digits by the pattern
	}
	return Error{Line: line, Column: 1, Msg: "no valid YAML: " + yamlLine.ReplaceAllString(err.Error(), "")}
}

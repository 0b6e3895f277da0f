package settings

import _ "embed" // for the built-in configuration

//go:embed config_consolidated.json
var builtInText []byte

// BuiltInFile is the configuration that comes with azptu: the weakest source.
// Its model tables are empty; package catalog holds the built-in ones.
func BuiltInFile() *File {
	file, _ := Parse(builtInText) // a test proves it free of faults
	return file
}

package term

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsEscapes asks the console to interpret escape codes; consoles
// before Windows 10 cannot.
func understandsEscapes(f *os.File) bool {
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

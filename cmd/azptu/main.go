// Command azptu runs and rehearses provisioned throughput of Azure OpenAI.
package main

import (
	"os"

	"github.com/azptu/azptu/internal/cli"
)

var version = "" // set by the linker

func main() {
	os.Exit(cli.Main(version))
}

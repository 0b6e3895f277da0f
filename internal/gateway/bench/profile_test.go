package bench

import (
	"os"
	"runtime/pprof"
)

// profile writes a CPU profile of the gateway until it is told to stop.
func profile(path string) (stop func()) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		panic(err)
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}
}

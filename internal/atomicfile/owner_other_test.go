//go:build !unix

package atomicfile

import "os"

func ownedBy(os.FileInfo, uint32, uint32) bool { return true }

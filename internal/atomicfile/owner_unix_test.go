//go:build unix

package atomicfile

import (
	"os"
	"syscall"
)

func ownedBy(info os.FileInfo, user, group uint32) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Uid == user && s.Gid == group
}

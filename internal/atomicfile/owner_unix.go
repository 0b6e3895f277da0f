//go:build unix

package atomicfile

import (
	"os"
	"syscall"
)

// keepOwner gives a file to the owner and group of another. Whoever may not do
// so keeps what is theirs: the file's content matters more.
func keepOwner(f *os.File, as os.FileInfo) {
	if owner, ok := as.Sys().(*syscall.Stat_t); ok {
		if f.Chown(int(owner.Uid), int(owner.Gid)) != nil {
			_ = f.Chown(-1, int(owner.Gid)) // a group of one's own at least
		}
	}
}

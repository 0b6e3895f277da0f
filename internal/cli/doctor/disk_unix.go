//go:build unix

package doctor

import "golang.org/x/sys/unix"

// freeSpace is how many bytes the caller may still write below dir.
func freeSpace(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}

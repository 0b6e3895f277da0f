// Package atomicfile replaces a small file so that whoever reads it finds the
// old content or the new, never a part of either, also after a crash. State,
// settings, journals and saved worlds are kept that way.
package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Write puts content into the file at path by way of a temporary neighbour,
// which is on disk before it takes the file's place. mode is the file's, old or
// new.
func Write(path string, content []byte, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	if _, err = temporary.Write(content); err == nil {
		err = temporary.Sync()
	}
	if err == nil {
		err = temporary.Chmod(mode)
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return rename(temporary.Name(), path)
}

// renamePause is how long a reader is waited for on Windows, up to 20 times.
const renamePause = 20 * time.Millisecond

// rename puts a file in the place of another. On Windows that fails while
// somebody reads the other, which takes a moment at most.
func rename(from, to string) error {
	err := os.Rename(from, to)
	for attempt := 0; err != nil && runtime.GOOS == "windows" && attempt < 20; attempt++ {
		time.Sleep(renamePause)
		err = os.Rename(from, to)
	}
	return err
}

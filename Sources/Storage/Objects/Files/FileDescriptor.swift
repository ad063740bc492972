import Glibc

/// Owns one open file and closes it. Its calls block: they belong on the `DiskPool`.
final class FileDescriptor: Sendable {
    enum Lock: Int32 {
        /// LOCK_SH and LOCK_EX.
        case shared = 1
        case exclusive = 2
    }

    let number: Int32

    init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// Opens a file outside the store. Follows no link at the end of `path`.
    convenience init(path: String, flags: Int32 = O_RDONLY, mode: mode_t = 0o640) throws(FileError) {
        let number = try calling("open") { Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode) }
        self.init(owning: number)
    }

    func status() throws(FileError) -> stat {
        var status = stat()
        try calling("fstat") { fstat(number, &status) }
        return status
    }

    func size() throws(FileError) -> Int64 { Int64(try status().st_size) }

    func isRegular() throws(FileError) -> Bool { try status().st_mode & S_IFMT == S_IFREG }

    func setSize(_ bytes: Int64) throws(FileError) {
        try calling("ftruncate") { ftruncate(number, off_t(bytes)) }
    }

    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try calling("pwrite") {
                pwrite(number, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
            }
        }
    }

    /// Reads up to the buffer's size; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        try calling("pread") { pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// The whole of a small file; what lies beyond `limit` bytes is left out.
    func contents(limit: Int = 8192) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let read = try calling("pread") { pread(number, &bytes[count], limit - count, off_t(count)) }
            if read == 0 { break }
            count += read
        }
        return Array(bytes.prefix(count))
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
        let span = bytes.span
        try span.withUnsafeBytes { buffer throws(FileError) in try write(buffer, at: 0) }
    }

    /// Bytes and attributes are on the disk when this returns.
    func sync() throws(FileError) { try calling("fsync") { fsync(number) } }

    /// Like `sync`, without attributes that reading does not need.
    func syncBytes() throws(FileError) { try calling("fdatasync") { fdatasync(number) } }

    /// Locks against every other opening of the file, in this process and in others, until `unlock` or its closing.
    /// False if it would have to wait and `waits` is false.
    func lock(_ kind: Lock, waits: Bool) throws(FileError) -> Bool {
        do {
            try calling("flock") { flock(number, kind.rawValue | (waits ? 0 : LOCK_NB)) }
            return true
        } catch let error where error.code == EWOULDBLOCK {
            return false
        }
    }

    func unlock() { _ = flock(number, LOCK_UN) }
}

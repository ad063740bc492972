import Foundation

/// The output could not be written: disk full, over the size limit, or refused.
struct OutputError: Error, CustomStringConvertible {
    let path: String
    let errno: Int32
    var description: String { "write \(path): errno \(errno)" }
}

enum OutputFile {
    /// Creates `path` with `parts` in a row. Throws `OutputError`.
    static func write(_ parts: [[UInt8]], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw OutputError(path: path, errno: errno) }
        defer { close(file) }
        for part in parts {
            try part.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Foundation.write(
                        file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    guard count > 0 else {
                        if count < 0, errno == EINTR { continue }
                        throw OutputError(path: path, errno: errno)
                    }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }
}

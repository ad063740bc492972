import Glibc
import Kernel

/// A system call that failed.
struct FileError: Error, CustomStringConvertible {
    let call: String
    let code: Int32

    var description: String { "\(call): \(String(cString: strerror(code)))" }

    var failure: Failure {
        switch code {
        case ENOSPC, EDQUOT: .diskFull(cause: self)
        case EMFILE, ENFILE: Failure(.overloaded, "overloaded", "Too many files are open.", cause: self)
        case EIO, EROFS, EACCES, EPERM: .unavailable("The object store", cause: self)
        default: Failure(.internal, "internal", "Something went wrong on our side.", cause: self)
        }
    }
}

extension Failure {
    static func diskFull(cause: (any Error)? = nil) -> Failure {
        Failure(.unavailable, "disk_full", "There is no space left to store this.", cause: cause)
    }

    static func partMismatch(_ detail: String, cause: (any Error)? = nil) -> Failure {
        Failure(.conflict, "part_mismatch", detail, cause: cause)
    }

    /// What is on disk is not what was written there.
    static func objectDamaged(_ key: String, cause: (any Error)? = nil) -> Failure {
        Failure(.internal, "object_damaged", "The object \(key) is damaged.", cause: cause)
    }

    /// The failure that `error` is in the words of the port.
    static func ofStore(_ error: any Error) -> Failure {
        (error as? FileError)?.failure ?? .wrapping(error)
    }
}

/// Makes a system call, again if a signal interrupted it.
@discardableResult
func calling<Result: SignedInteger>(_ name: String, _ call: () -> Result) throws(FileError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw FileError(call: name, code: errno) }
    }
}

import CMediaShim
package import Videos

/// A libav call that failed, with what was attempted.
struct LibAVError: Error, CustomStringConvertible {
    let code: Int32
    let operation: String

    var description: String {
        var text = [CChar](repeating: 0, count: 128)
        media_error_text(code, &text, 128)
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return "\(operation): \(String(decoding: bytes, as: UTF8.self))"
    }

    static let endOfFile = media_error_end_of_file()
    static let again = media_error_again()
    static let outOfMemory = media_error_out_of_memory()

    /// Throws when `code` is negative, else gives it back.
    @discardableResult
    static func check(_ code: Int32, _ operation: @autoclosure () -> String) throws -> Int32 {
        guard code >= 0 else { throw LibAVError(code: code, operation: operation()) }
        return code
    }

    /// The pointer, or the error of an allocation that failed.
    static func allocated<Pointer>(_ pointer: Pointer?) throws -> Pointer {
        guard let pointer else { throw LibAVError(code: outOfMemory, operation: "allocate") }
        return pointer
    }
}

extension MediaFailure {
    /// What `error` means to the person who uploaded the file.
    package static func from(_ error: any Error) -> MediaFailure {
        switch error {
        case let failure as MediaFailure: failure
        case let error as LibAVError where error.code == LibAVError.outOfMemory: .outOfMemory
        case is OutputError: MediaFailure(.outOfResources, "The output could not be written.")
        default: MediaFailure(.corrupt, "The file is damaged and could not be read.")
        }
    }

    package static let outOfMemory = MediaFailure(
        .outOfResources, "The video needs more memory than is allowed.")
}

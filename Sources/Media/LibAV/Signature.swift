import CMediaShim
import Foundation
import Videos

/// Tells a broken video from something that never was one, by its first bytes.
enum Signature {
    static func failure(opening path: String, code: Int32) -> MediaFailure {
        switch code {
        case media_error_not_found(), media_error_no_access():
            return MediaFailure(.sourceMissing, "The uploaded file could not be opened.")
        case media_error_out_of_memory():
            return .outOfMemory
        default:
            if looksLikeVideo(path) {
                return MediaFailure(.corrupt, "The file is incomplete or damaged: its index cannot be read.")
            }
            return MediaFailure(.notAVideo, "The file is not a video in a format that is supported.")
        }
    }

    private static func looksLikeVideo(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }  // Nothing was written, so closing cannot lose anything.
        guard let head = try? file.read(upToCount: 1_024), head.count >= 12 else { return false }
        let bytes = [UInt8](head)
        if bytes[4..<8].elementsEqual("ftyp".utf8) { return true }
        if bytes[0..<4] == [0x1A, 0x45, 0xDF, 0xA3] { return true }
        if bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<11].elementsEqual("AVI".utf8) { return true }
        return bytes.count > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47
    }
}

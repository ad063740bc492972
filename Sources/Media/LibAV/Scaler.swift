import CLibAV
import CMediaShim

/// Owns the conversion of source pictures to one size, pixel format and upright orientation.
///
/// The result stays valid until the next call: its buffers are used again.
final class Scaler {
    private let orientation: Orientation
    private let format: AVPixelFormat
    private let scaled: Frame
    private let upright: Frame?
    private let target: (width: Int, height: Int)
    private var context: OpaquePointer?

    init(width: Int, height: Int, format: AVPixelFormat, orientation: Orientation) throws {
        self.orientation = orientation
        self.format = format
        let turned = orientation.swapsAxes
        target = turned ? (height, width) : (width, height)
        scaled = try Frame(width: target.width, height: target.height, format: format)
        upright =
            orientation == .upright ? nil : try Frame(width: width, height: height, format: format)
    }

    deinit { sws_freeContext(context) }

    /// `source` itself where nothing has to change.
    func convert(_ source: Frame) throws -> Frame {
        let isFullRange = source.raw.pointee.color_range == AVCOL_RANGE_JPEG
        let fits =
            source.width == target.width && source.height == target.height && source.pixelFormat == format
            && !(isFullRange && format == AV_PIX_FMT_YUV420P)
        let straight = fits ? source : try scale(source, isFullRange: isFullRange)
        guard let upright else { return straight }
        for plane in 0..<3 { turn(plane, of: straight, into: upright) }
        return upright
    }

    private func scale(_ source: Frame, isFullRange: Bool) throws -> Frame {
        let previous = context
        context = sws_getCachedContext(
            context, source.raw.pointee.width, source.raw.pointee.height, source.pixelFormat,
            Int32(target.width), Int32(target.height), format, SWS_BICUBIC, nil, nil, nil)
        guard let context else { throw LibAVError(code: LibAVError.outOfMemory, operation: "scaler") }
        if context != previous { setColours(of: context, source: source, isFullRange: isFullRange) }
        let rows = source.planes.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 8) {
            sws_scale(
                context, $0, source.strides, 0, source.raw.pointee.height, scaled.planes, scaled.strides)
        }
        try LibAVError.check(rows, "scale")
        return scaled
    }

    /// RGB becomes BT.709; marked full-range pictures become limited range, as players expect.
    private func setColours(of context: OpaquePointer, source: Frame, isFullRange: Bool) {
        guard let descriptor = av_pix_fmt_desc_get(source.pixelFormat) else { return }
        let isRGB = descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
        guard isRGB || (isFullRange && format == AV_PIX_FMT_YUV420P) else { return }
        let matrix = sws_getCoefficients(isRGB ? SWS_CS_ITU709 : SWS_CS_DEFAULT)
        let targetRange: Int32 = format == AV_PIX_FMT_YUVJ420P ? 1 : 0
        sws_setColorspaceDetails(
            context, matrix, isRGB || isFullRange ? 1 : 0, matrix, targetRange, 0, 1 << 16, 1 << 16)
    }

    private func turn(_ plane: Int, of source: Frame, into target: Frame) {
        let shift = plane == 0 ? 0 : 1
        media_reorient_plane(
            target.planes[plane], target.strides[plane], Int32((target.width + shift) >> shift),
            Int32((target.height + shift) >> shift), source.planes[plane], source.strides[plane],
            orientation.shim)
    }
}

extension AVPixelFormat {
    static let yuv420p = AV_PIX_FMT_YUV420P
    /// The full-range variant that JPEG uses.
    static let yuvj420p = AV_PIX_FMT_YUVJ420P
}

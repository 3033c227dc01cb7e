// WebGPU runs on Chromium's software driver where it is installed, as in vitest.config.ts. The loader reads these later.
process.env["VK_ICD_FILENAMES"] ??= "/usr/lib/chromium/vk_swiftshader_icd.json";
process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
